-- The zone whose days a store keeps, over time: half-open spans that cover all of time, one or more per store.
with

moves as (

    select store_id, time_zone, valid_until_at
    from {{ ref('store_time_zones') }}

),

spans as (

    select store_id, time_zone, valid_until_at from moves
    union all
    select store_id, time_zone, cast('9999-12-31 00:00:00+00:00' as {{ t('instant') }}) as valid_until_at
    from {{ ref('int_stores') }}

)

select
    store_id,
    time_zone,
    coalesce(
        lag(valid_until_at) over (partition by store_id order by valid_until_at),
        cast('1900-01-01 00:00:00+00:00' as {{ t('instant') }})
    ) as valid_from_at,
    valid_until_at
from spans
