with

products as (
    select
        account_id,
        record_key as product_id,
        load_id,
        latest.record.name as product_name,
        {{ first_of('latest.record.categories') }}.name as category_path,
        latest.record.status = 'publish' as is_on_sale,
        coalesce({{ money('latest.record.regular_price') }}, {{ money('latest.record.price') }}) as list_price,
        {{ money('latest.record.stock_quantity') }} as stock,
        {{ parse_instant('latest.record.date_created_gmt') }} as listed_at,
        {{ parse_instant('latest.record.date_modified_gmt') }} as modified_at,
        latest.record.variations_detail as variations
    from {{ ref('base_woocommerce__products') }} as latest
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
    load_id
from whole_and_variants
left join {{ source('raw_daybook', 'accounts') }} as account
    on whole_and_variants.account_id = account.account_id
