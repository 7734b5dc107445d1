-- Days of which it is read what platforms settled with a store: each account whose orders are waited for, and had begun by then, tells its
-- statements of the whole day. Before the first of them began, the accounts that read the shop then tell of it: a shop that another account
-- takes over keeps what was told. tells_affiliates says whether all of these also tell what affiliates had. One row per store and day.
with

-- The first whole day of what was read, and the last one.
days as (

    select
        calendar.store_id,
        calendar.date_day,
        accounts.is_waited_for,
        accounts.platform in ({{ quoted(var('settlements_tell_affiliates')) }}) as is_affiliate_told,
        coalesce(
            accounts.platform in ({{ platforms_with('settlements') }})
            and calendar.date_day > {{ local_date('accounts.settlements_from_at - interval 1 second', 'stores.time_zone') }}
            and calendar.date_day < {{ local_date('accounts.settlements_through_at', 'stores.time_zone') }},
            false
        ) as is_told
    from {{ ref('int_store_calendar') }} as calendar
    inner join {{ ref('int_stores') }} as stores on calendar.store_id = stores.store_id
    inner join {{ ref('int_accounts') }} as accounts on calendar.store_id = accounts.store_id and accounts.has_orders
    where calendar.has_orders
        and coalesce(
            calendar.date_day > {{ local_date('accounts.orders_from_at - interval 1 second', 'stores.time_zone') }},
            accounts.is_waited_for
        )
        and (
            accounts.is_waited_for
            or calendar.date_day < {{ local_date('accounts.orders_through_at', 'stores.time_zone') }}
        )

),

ranked as (

    select
        *,
        max(case when is_waited_for then 1 else 0 end) over (partition by store_id, date_day) = 1 as has_begun
    from days

)

select
    store_id,
    date_day,
    min(case when is_affiliate_told then 1 else 0 end) = 1 as tells_affiliates
from ranked
where is_waited_for = has_begun
group by store_id, date_day
having min(case when is_told then 1 else 0 end) = 1
