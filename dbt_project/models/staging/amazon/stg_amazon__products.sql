{#-
  A listing without an ASIN is not in the catalogue yet and is left out. For stock in Amazon's own warehouses (FBA) no quantity is told:
  it stays null.
-#}
{%- set pieces = array_told_sum('version.record.fulfillmentAvailability', 'place', money('place.quantity')) -%}
{%- set consumer_price = "case when offer.offerType = 'B2C' then " ~ money('offer.price.amount') ~ " end" -%}
{%- set buyable = array_sum('version.record.summary.status', 'word', "case when word = 'BUYABLE' then 1 else 0 end") -%}

with

listings as (
    select
        version.account_id,
        version.record.summary.asin as product_id,
        version.record.sku as sku_id,
        version.record.summary.itemName as product_name,
        cast(nullif({{ array_sum('version.record.offers', 'offer', consumer_price) }}, 0) as decimal(18, 4)) as list_price,
        coalesce({{ buyable }}, 0) > 0 as is_on_sale,
        cast({{ pieces }} as decimal(18, 4)) as stock,
        {{ parse_instant('version.record.summary.createdDate') }} as listed_at,
        {{ parse_instant('version.record.summary.lastUpdatedDate') }} as modified_at,
        version.cursor_at as valid_from_at,
        version.valid_until_at,
        version.load_id
    from {{ ref('base_amazon__products') }} as version
    where version.record.summary.asin is not null
),

{# Several listings (SKUs) share an ASIN. The product has a version for each span between two moments at which any of them changed. #}
moments as (
    select
        account_id,
        product_id,
        changed_at,
        lead(changed_at) over (partition by account_id, product_id order by changed_at) as next_changed_at
    from (
        select account_id, product_id, valid_from_at as changed_at from listings
        union
        select account_id, product_id, valid_until_at from listings where valid_until_at is not null
    ) as changes
),

whole_and_variants as (
    select
        listings.account_id,
        listings.product_id,
        {{ null_as('text') }} as sku_id,
        max(product_name) as product_name,
        min(list_price) as list_price,
        max(case when is_on_sale then 1 else 0 end) = 1 as is_on_sale,
        cast(sum(stock) as decimal(18, 4)) as stock,
        min(listed_at) as listed_at,
        max(modified_at) as modified_at,
        moments.changed_at as valid_from_at,
        moments.next_changed_at as valid_until_at,
        max(load_id) as load_id
    from moments
    inner join listings
        on moments.account_id = listings.account_id
        and moments.product_id = listings.product_id
        and moments.changed_at >= listings.valid_from_at
        and (listings.valid_until_at is null or moments.changed_at < listings.valid_until_at)
    group by listings.account_id, listings.product_id, moments.changed_at, moments.next_changed_at

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
        valid_from_at,
        valid_until_at,
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
    valid_from_at,
    valid_until_at,
    load_id
from whole_and_variants
left join {{ source('raw_daybook', 'accounts') }} as account
    on whole_and_variants.account_id = account.account_id
