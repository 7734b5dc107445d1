-- Days on which a store could not sell what it had been selling: the products without a piece from the day's beginning to its end had
-- brought a good part (var stock_out_from_share) of the pieces sold in the 28 days before. Such a day is in no baseline of an event.
-- Only catalogues that tell stock can show one. One row per store (and ALL) and day.
with

store_days as (

    select store_id, period_start as date_day, units_paid from {{ ref('store_daily') }}

),

-- Where two platforms of one store have the product, neither has a piece.
empty_shelves as (

    select versions.store_id, versions.product_id, days.date_day
    from {{ ref('int_product_versions') }} as versions
    inner join (
        select distinct store_id, product_id from {{ ref('int_product_versions') }} where sku_id is null and stock <= 0
    ) as sold_out
        on versions.store_id = sold_out.store_id
        and versions.product_id = sold_out.product_id
    inner join store_days as days
        on versions.store_id = days.store_id
        and days.date_day >= versions.from_date
        and days.date_day < versions.until_date
    where versions.sku_id is null and versions.from_date < versions.until_date
    group by versions.store_id, versions.product_id, days.date_day
    having max(versions.stock) <= 0 and count(*) = count(versions.stock)

),

missing as (

    select today.store_id, today.date_day, sum(sold.units) as units
    from empty_shelves as today
    inner join empty_shelves as yesterday
        on today.store_id = yesterday.store_id
        and today.product_id = yesterday.product_id
        and yesterday.date_day = {{ add_days('today.date_day', -1) }}
    inner join {{ ref('int_item_by_period') }} as sold
        on sold.level = 'product' and sold.grain = 'day' and sold.span_days = 0
        and today.store_id = sold.store_id
        and today.product_id = sold.item_id
        and sold.period_start between {{ add_days('today.date_day', -28) }} and {{ add_days('today.date_day', -1) }}
    group by today.store_id, today.date_day

),

scoped as (

    select store_id, date_day, units from missing

    union all

    select 'ALL', missing.date_day, sum(missing.units)
    from missing
    {{ joined_to_first_days('missing') }}
    where {{ counts_in_all('missing.date_day') }}
    group by missing.date_day

)

select scoped.store_id, scoped.date_day
from scoped
inner join store_days as sold
    on scoped.store_id = sold.store_id
    and sold.date_day between {{ add_days('scoped.date_day', -28) }} and {{ add_days('scoped.date_day', -1) }}
group by scoped.store_id, scoped.date_day
having max(scoped.units) >= sum(sold.units_paid) * cast({{ var('stock_out_from_share') }} as decimal(5, 4)) and max(scoped.units) > 0
