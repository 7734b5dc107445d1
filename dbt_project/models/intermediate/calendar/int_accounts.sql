-- One row per account: its store, from when and how far its streams are read, and whether the days of its store wait for its orders.
{{ config(materialized='view') }}

with

read_from as (

    select
        account_id,
        min(case when stream = 'orders' then window_start end) as orders_from_at,
        min(case when stream = 'settlements' then window_start end) as settlements_from_at
    from {{ source('raw_daybook', 'ledger') }}
    where stream in ('orders', 'settlements')
    group by account_id

),

-- After-sales are read as far as the slowest of the streams that tell of them: JD and TikTok Shop have two.
read_through as (

    select
        account_id,
        max(case when stream = 'orders' then mark_end end) as orders_through_at,
        min(case when stream in ({{ quoted(refund_streams()) }}) then mark_end end) as refunds_through_at,
        max(case when stream = 'settlements' then mark_end end) as settlements_through_at
    from {{ source('raw_daybook', 'stream_status') }}
    where stream in ({{ quoted(['orders', 'settlements'] + refund_streams()) }})
    group by account_id

),

-- Accounts with after-sales that should be read and never were, not even once: a platform may refuse them from the first night on.
never_read as (

    select distinct account_id
    from {{ source('raw_daybook', 'account_streams') }}
    where is_wanted and stream in ({{ quoted(refund_streams()) }})
        and (account_id, stream) not in (select account_id, stream from {{ source('raw_daybook', 'ledger') }})

),

-- Files may hold any kind of figures, so an inbox has orders only once a file with orders was dropped into it.
accounts as (

    select
        accounts.account_id,
        accounts.platform,
        accounts.name,
        accounts.store_id,
        accounts.time_zone,
        accounts.currency,
        accounts.is_active,
        accounts.platform in ({{ platforms_with('orders') }})
            and (accounts.platform not in ({{ quoted(var('read_to_the_last_event')) }}) or read_from.orders_from_at is not null)
            as has_orders,
        read_from.orders_from_at,
        read_through.orders_through_at,
        -- Those that were never read tell of no day of its orders.
        case when never_read.account_id is null then read_through.refunds_through_at else read_from.orders_from_at end as refunds_through_at,
        read_from.settlements_from_at,
        read_through.settlements_through_at
    from {{ source('raw_daybook', 'accounts') }} as accounts
    left join read_from on accounts.account_id = read_from.account_id
    left join read_through on accounts.account_id = read_through.account_id
    left join never_read on accounts.account_id = never_read.account_id

)

select *, has_orders and {{ is_waited_for('orders_through_at', among='has_orders') }} as is_waited_for
from accounts
