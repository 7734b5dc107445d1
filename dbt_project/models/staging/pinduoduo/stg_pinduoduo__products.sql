{#- is_onsale and is_sku_onsale of pdd.goods.list.get. -#}
{%- set states = {'0': 'off_sale', '1': 'on_sale'} -%}

with

goods as (
    select
        version.account_id,
        version.record_key as product_id,
        version.record.goods_name as product_name,
        {{ is_on_sale('version.record.is_onsale', states) }} as is_on_sale,
        {{ money('version.record.goods_quantity') }} as stock,
        version.record.sku_list as skus,
        version.cursor_at as valid_from_at,
        version.valid_until_at,
        version.load_id
    from {{ ref('base_pinduoduo__products') }} as version
),

exploded as (
    select
        *,
        {{ explode('goods.skus') }} as sku
    from goods
),

whole_and_variants as (
    select
        account_id,
        product_id,
        {{ null_as('text') }} as sku_id,
        product_name,
        is_on_sale,
        stock,
        valid_from_at,
        valid_until_at,
        load_id
    from goods

    union all

    {# A SKU on its shelf cannot be bought while its goods are off theirs. #}
    select
        account_id,
        product_id,
        exploded.sku.sku_id as sku_id,
        product_name,
        is_on_sale and {{ is_on_sale('exploded.sku.is_sku_onsale', states) }} as is_on_sale,
        {{ money('exploded.sku.sku_quantity') }} as stock,
        valid_from_at,
        valid_until_at,
        load_id
    from exploded
)

{# The list tells no price, no category and no times. #}
select
    'pinduoduo' as platform,
    whole_and_variants.account_id,
    account.store_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    {{ null_as('decimal(18, 4)') }} as list_price,
    account.currency,
    is_on_sale,
    stock,
    {{ null_as('instant') }} as listed_at,
    {{ null_as('instant') }} as modified_at,
    valid_from_at,
    valid_until_at,
    load_id
from whole_and_variants
left join {{ source('raw_daybook', 'accounts') }} as account
    on whole_and_variants.account_id = account.account_id
