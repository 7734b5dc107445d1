-- A print of what changed in each store's catalogue on each day. A version counts on the day it begins and on the day it ends. How far
-- the catalogue is known counts on its first day and on the day after its last. A version that began before the catalogue was known
-- counts as begun when it became known, because no period shows the days before. One row per store and day.
with

known as (

    select store_id, known_from, {{ add_days('known_through', 1) }} as unknown_from
    from {{ ref('int_catalogues') }}

),

edges as (

    select
        store_id, known_from as date_day, 'known' as edge, null as product_id, null as sku_id, null as list_price,
        null as currency, null as stock
    from known

    union all

    select store_id, unknown_from, 'unknown', null, null, null, null, null
    from known

    {%- for edge in ['from_date', 'until_date'] %}

    union all

    select
        versions.store_id, greatest(versions.{{ edge }}, known.known_from), '{{ edge }}', versions.product_id, versions.sku_id,
        versions.list_price, versions.currency, versions.stock
    from {{ ref('int_product_versions') }} as versions
    inner join known on versions.store_id = known.store_id
    {%- endfor %}

)

select store_id, date_day, sum({{ row_print('edges') }}) as print, count(*) as events
from edges
group by store_id, date_day
