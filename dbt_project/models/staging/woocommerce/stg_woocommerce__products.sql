with

products as (
    select
        account_id,
        record_key as product_id,
        cursor_at as valid_from_at,
        valid_until_at,
        load_id,
        version.record.name as product_name,
        {{ first_of('version.record.categories') }}.name as category_path,
        version.record.status = 'publish' as is_on_sale,
        coalesce({{ money('version.record.regular_price') }}, {{ money('version.record.price') }}) as list_price,
        {{ money('version.record.stock_quantity') }} as stock,
        {{ parse_instant('version.record.date_created_gmt') }} as listed_at,
        {{ parse_instant('version.record.date_modified_gmt') }} as modified_at,
        version.record.variations_detail as variations
    from {{ ref('base_woocommerce__products') }} as version
),

exploded as (
    select
        *,
        {{ explode('products.variations') }} as variation
    from products
),

whole_and_variants as (
    select
        account_id,
        product_id,
        {{ null_as('text') }} as sku_id,
        product_name,
        category_path,
        list_price,
        is_on_sale,
        stock,
        listed_at,
        modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from products

    union all

    select
        account_id,
        product_id,
        exploded.variation.id as sku_id,
        product_name,
        category_path,
        coalesce({{ money('exploded.variation.regular_price') }}, {{ money('exploded.variation.price') }}) as list_price,
        is_on_sale and coalesce(exploded.variation.status, 'publish') = 'publish' as is_on_sale,
        {{ money('exploded.variation.stock_quantity') }} as stock,
        coalesce({{ parse_instant('exploded.variation.date_created_gmt') }}, listed_at) as listed_at,
        {# A changed variation does not reliably move its product's modified time. #}
        greatest({{ parse_instant('exploded.variation.date_modified_gmt') }}, modified_at) as modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from exploded
)

select
    'woocommerce' as platform,
    whole_and_variants.account_id,
    account.store_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    list_price,
    account.currency,
    is_on_sale,
    stock,
    listed_at,
    modified_at,
    valid_from_at,
    valid_until_at,
    load_id
from whole_and_variants
left join {{ source('raw_daybook', 'accounts') }} as account
    on whole_and_variants.account_id = account.account_id
