{#- A listing without an ASIN is not in the catalogue yet. Stock that Amazon holds itself comes without a quantity. -#}
{%- set told = array_sum('latest.record.fulfillmentAvailability', 'place', 'case when place.quantity is not null then 1 end') -%}
{%- set pieces = array_sum('latest.record.fulfillmentAvailability', 'place', money('place.quantity')) -%}
{%- set consumer_price = "case when offer.offerType = 'B2C' then " ~ money('offer.price.amount') ~ " end" -%}
{%- set buyable = array_sum('latest.record.summary.status', 'word', "case when word = 'BUYABLE' then 1 else 0 end") -%}

with

listings as (
    select
        latest.account_id,
        latest.record.summary.asin as product_id,
        latest.record.sku as sku_id,
        latest.record.summary.itemName as product_name,
        cast(nullif({{ array_sum('latest.record.offers', 'offer', consumer_price) }}, 0) as decimal(18, 4)) as list_price,
        coalesce({{ buyable }}, 0) > 0 as is_on_sale,
        case when {{ told }} > 0 then cast({{ pieces }} as decimal(18, 4)) end as stock,
        {{ parse_instant('latest.record.summary.createdDate') }} as listed_at,
        {{ parse_instant('latest.record.summary.lastUpdatedDate') }} as modified_at,
        latest.load_id
    from {{ ref('base_amazon__products') }} as latest
    where latest.record.summary.asin is not null
),

whole_and_variants as (
    select
        account_id,
        product_id,
        {{ null_as('text') }} as sku_id,
        max(product_name) as product_name,
        min(list_price) as list_price,
        max(case when is_on_sale then 1 else 0 end) = 1 as is_on_sale,
        cast(sum(stock) as decimal(18, 4)) as stock,
        min(listed_at) as listed_at,
        max(modified_at) as modified_at,
        max(load_id) as load_id
    from listings
    group by account_id, product_id

    union all

    select
        account_id,
        product_id,
        sku_id,
        product_name,
        list_price,
        is_on_sale,
        stock,
        listed_at,
        modified_at,
        load_id
    from listings
)

select
    'amazon' as platform,
    whole_and_variants.account_id,
    account.store_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
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
