-- Days on which a store could not sell what it had been selling: the products without a piece from the day's beginning to its end had
-- brought a good part (var stock_out_from_share) of the pieces sold in the 28 days before. Such a day is in no baseline of an event.
-- Only catalogues that tell stock can show one. One row per store (and ALL) and day.
with

missing as (

    select today.store_id, today.date_day, sum(sold.units) as units
    from {{ ref('int_sold_out_days') }} as today
    inner join {{ ref('int_sold_out_days') }} as yesterday
        on today.level = yesterday.level
        and today.store_id = yesterday.store_id
        and today.item_id = yesterday.item_id
        and yesterday.date_day = {{ add_days('today.date_day', -1) }}
    inner join {{ ref('int_item_by_period') }} as sold
        on today.level = sold.level and sold.grain = 'day' and sold.span_days = 0
        and today.store_id = sold.store_id
        and today.item_id = sold.item_id
        and sold.period_start between {{ add_days('today.date_day', -28) }} and {{ add_days('today.date_day', -1) }}
    where today.level = 'product'
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
inner join {{ ref('store_daily') }} as sold
    on scoped.store_id = sold.store_id
    and sold.period_start between {{ add_days('scoped.date_day', -28) }} and {{ add_days('scoped.date_day', -1) }}
group by scoped.store_id, scoped.date_day
having max(scoped.units) >= sum(sold.units_paid) * cast({{ var('stock_out_from_share') }} as decimal(5, 4)) and max(scoped.units) > 0
