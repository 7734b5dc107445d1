-- Days of which it is read what platforms settled with a store: each account whose orders are waited for, and had begun by then, tells its
-- statements of the whole day. Before the first of them began, the accounts that read the shop then tell of it: a shop that another account
-- takes over keeps what was told. tells_affiliates says whether all of these also tell what affiliates had. One row per store and day.
{%- set inbox = 'platform in (' ~ quoted(var('read_to_the_last_event')) ~ ')' %}
with

first_windows as (

    select
        account_id,
        min(case when stream = 'orders' then window_start end) as orders_from_at,
        min(case when stream = 'settlements' then window_start end) as told_from_at
    from {{ source('raw_daybook', 'ledger') }}
    where stream in ('orders', 'settlements')
    group by account_id

),

marks as (

    select
        account_id,
        max(case when stream = 'orders' then mark_end end) as mark_end,
        max(case when stream = 'settlements' then mark_end end) as told_through_at
    from {{ source('raw_daybook', 'stream_status') }}
    where stream in ('orders', 'settlements')
    group by account_id

),

accounts as (

    select
        accounts.account_id,
        accounts.platform,
        accounts.store_id,
        accounts.is_active,
        marks.mark_end,
        first_windows.orders_from_at,
        first_windows.told_from_at,
        marks.told_through_at,
        accounts.platform in ({{ platforms_with('settlements') }}) as is_asked
    from {{ source('raw_daybook', 'accounts') }} as accounts
    left join first_windows on accounts.account_id = first_windows.account_id
    left join marks on accounts.account_id = marks.account_id
    where accounts.platform in ({{ platforms_with('orders') }})
        and (not accounts.{{ inbox }} or first_windows.orders_from_at is not null)

),

selling as (

    select *, {{ is_waited_for() }} as is_waited_for
    from accounts

),

-- The first whole day of what was read, and the last one.
days as (

    select
        calendar.store_id,
        calendar.date_day,
        selling.is_waited_for,
        selling.platform in ({{ quoted(var('settlements_tell_affiliates')) }}) as is_affiliate_told,
        coalesce(
            selling.is_asked
            and calendar.date_day > {{ local_date('selling.told_from_at - interval 1 second', 'stores.time_zone') }}
            and calendar.date_day < {{ local_date('selling.told_through_at', 'stores.time_zone') }},
            false
        ) as is_told
    from {{ ref('int_store_calendar') }} as calendar
    inner join {{ ref('int_stores') }} as stores on calendar.store_id = stores.store_id
    inner join selling on calendar.store_id = selling.store_id
    where calendar.has_orders
        and coalesce(
            calendar.date_day > {{ local_date('selling.orders_from_at - interval 1 second', 'stores.time_zone') }},
            selling.is_waited_for
        )
        and (
            selling.is_waited_for
            or calendar.date_day < {{ local_date('selling.mark_end', 'stores.time_zone') }}
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
