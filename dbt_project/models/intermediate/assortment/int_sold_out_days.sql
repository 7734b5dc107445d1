-- Days at whose end an item had no piece left on any platform of its store. A day on which one of them does not tell its stock is none.
-- Only from the item's first sale to 28 days after its last, or what was given up years ago had a row for every day since.
-- One row per level (product, sku), store, item and day.
with

selling as (

    select level, store_id, item_id, min(period_start) as first_day, {{ add_days('max(period_start)', 28) }} as last_day
    from {{ ref('int_item_by_period') }}
    where level in ('product', 'sku') and grain = 'day' and span_days = 0 and units > 0
    group by level, store_id, item_id

),

versions as (

    select
        case when sku_id is null then 'product' else 'sku' end as level,
        store_id,
        coalesce(sku_id, product_id) as item_id,
        from_date,
        until_date,
        stock
    from {{ ref('int_product_versions') }}
    where from_date < until_date

),

empty_versions as (

    select
        versions.level,
        versions.store_id,
        versions.item_id,
        greatest(versions.from_date, selling.first_day) as first_day,
        least({{ add_days('versions.until_date', -1) }}, selling.last_day) as last_day
    from versions
    inner join selling
        on versions.level = selling.level
        and versions.store_id = selling.store_id
        and versions.item_id = selling.item_id
        and versions.from_date <= selling.last_day
        and versions.until_date > selling.first_day
    where versions.stock <= 0

),

-- Few versions are without a piece. To hold only their days against all versions of the item is much the cheaper.
empty_somewhere as (

    select distinct empty.level, empty.store_id, empty.item_id, empty.date_day
    from (
        select level, store_id, item_id, {{ explode(date_array('first_day', 'last_day')) }} as date_day
        from empty_versions
    ) as empty
    inner join {{ ref('int_spans') }} as days
        on days.grain = 'day' and days.span_days = 0
        and empty.store_id = days.store_id
        and empty.date_day = days.period_start

)

select empty.level, empty.store_id, empty.item_id, empty.date_day
from empty_somewhere as empty
inner join versions
    on empty.level = versions.level
    and empty.store_id = versions.store_id
    and empty.item_id = versions.item_id
    and empty.date_day >= versions.from_date
    and empty.date_day < versions.until_date
group by empty.level, empty.store_id, empty.item_id, empty.date_day
having max(versions.stock) <= 0 and count(*) = count(versions.stock)
