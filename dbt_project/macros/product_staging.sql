{#
  Body of a staging model of products: every version of every product, and of its variants where they are told, in the columns
  of the staging contract. What is left out is null.

  product: column → expression of `version.record`, for sku_id, product_name, category_path, list_price, is_on_sale, stock,
      listed_at and modified_at; `sku` can use any further column named here.
  skus: the array of variants of `version.record`. sku: column → expression of `sku`, one of them, and of the columns of
      its product; a column that is left out has the product's value.
#}
{% macro products_of(platform, product, skus=none, sku={}) -%}
{%- set untold = {
    'sku_id': null_as('text'),
    'product_name': null_as('text'),
    'category_path': null_as('text'),
    'list_price': null_as('decimal(18, 4)'),
    'is_on_sale': null_as('boolean'),
    'stock': null_as('decimal(18, 4)'),
    'listed_at': null_as('instant'),
    'modified_at': null_as('instant'),
} -%}
with

products as (
    select
        account_id,
        record_key as product_id,
        {%- for name, expression in dict(untold, **product).items() %}
        {{ expression }} as {{ name }},
        {%- endfor %}
        {{ skus ~ ' as skus,' if skus }}
        cursor_at as valid_from_at,
        valid_until_at,
        load_id
    from {{ ref('base_' ~ platform ~ '__products') }} as version
),

{% if skus -%}
exploded as (
    select
        *,
        {{ explode('products.skus') }} as sku
    from products
),

{% endif -%}
products_and_skus as (
    select
        account_id,
        product_id,
        {{ untold | join(',\n        ') }},
        valid_from_at,
        valid_until_at,
        load_id
    from products
    {%- if skus %}

    union all

    select
        account_id,
        product_id,
        {%- for name in untold %}
        {{ sku[name] ~ ' as ' if name in sku }}{{ name }},
        {%- endfor %}
        valid_from_at,
        valid_until_at,
        load_id
    from exploded
    {%- endif %}
)

select
    '{{ platform }}' as platform,
    products_and_skus.account_id,
    account.store_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    list_price,
    account.currency,
    is_on_sale,
    cast(stock as decimal(18, 4)) as stock,
    listed_at,
    modified_at,
    valid_from_at,
    valid_until_at,
    load_id
from products_and_skus
left join {{ source('raw_daybook', 'accounts') }} as account
    on products_and_skus.account_id = account.account_id
{%- endmacro %}


{#
  Whether a product can be bought, by a mapping of the vendor's words to on_sale or off_sale. Null for a word that no
  vendor document names: `is_sound` refuses it and names the word.
#}
{% macro is_on_sale(expression, words) -%}
    case {{ expression }}
        {%- for word, meaning in words.items() %}
        when '{{ word }}' then {{ 'true' if meaning == 'on_sale' else 'false' }}
        {%- endfor %}
    end
{%- endmacro %}


{#
  Body of a staging model of the categories that every version of a product named, where lines of orders name none: a sale
  keeps the category of its time. Parses versions of later loads only.

  shape, category: where a payload has it, as an expression of `record`.
#}
{% macro category_versions(platform, shape, category) -%}
with

versions as (
    select
        account_id,
        record_key,
        cursor_at,
        load_id,
        {{ parse_payload('payload', shape) }} as record
    from {{ source('raw_' ~ platform, 'products') }}
    {%- if is_incremental() %}
    where load_id > (select coalesce(max(load_id), -1) from {{ this }})
    {%- endif %}
)

select
    '{{ platform }}' as platform,
    versions.account_id,
    account.store_id,
    versions.record_key as product_id,
    {{ category }} as category_path,
    versions.cursor_at as valid_from_at,
    versions.load_id
from versions
left join {{ source('raw_daybook', 'accounts') }} as account
    on versions.account_id = account.account_id
{%- endmacro %}
