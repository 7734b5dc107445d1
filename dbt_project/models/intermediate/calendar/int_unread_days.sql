-- Days within a store's history that hold a gap in what was read of its orders: before a stretch that was read by hand, or after a
-- silence that was longer than the vendor remembers. A gap lies between two windows of one account, or between the accounts of a shop
-- that moved. An inbox counts as read from the day of its first event to that of its last, because nothing tells whether a day between
-- two files was quiet or is missing. One row per store and day.
{%- set of_day = 'cast(' ~ local_date('$', 'stores.time_zone') ~ ' as ' ~ t('timestamp') ~ ')' %}
{%- set of_next = 'cast(' ~ add_days(local_date('$', 'stores.time_zone'), 1) ~ ' as ' ~ t('timestamp') ~ ')' %}

with

accounts as (

    select
        accounts.account_id,
        accounts.store_id,
        stores.time_zone,
        case when coalesce(accounts.is_active, true) then marks.mark_end end as asked_from,
        accounts.platform in ({{ quoted(var('read_to_the_last_event')) }}) as is_inbox
    from {{ source('raw_daybook', 'accounts') }} as accounts
    inner join {{ ref('int_stores') }} as stores on accounts.store_id = stores.store_id
    left join {{ source('raw_daybook', 'stream_status') }} as marks
        on accounts.account_id = marks.account_id
        and marks.stream = 'orders'

),

-- A window that lies ahead of the mark landed although a slice before it had failed. It is left out: the next night reads what is between.
windows as (

    select accounts.store_id, accounts.time_zone, accounts.account_id, reads.window_start, reads.window_end
    from {{ source('raw_daybook', 'ledger') }} as reads
    inner join accounts on reads.account_id = accounts.account_id
    where reads.stream = 'orders' and not accounts.is_inbox
        and (accounts.asked_from is null or reads.window_start <= accounts.asked_from)

    union all

    select
        stores.store_id,
        stores.time_zone,
        stores.account_id,
        {{ local_timestamp(of_day | replace('$', 'min(reads.window_start)'), 'stores.time_zone') }},
        {{ local_timestamp(of_next | replace('$', "max(reads.window_end) - interval 1 second"), 'stores.time_zone') }}
    from {{ source('raw_daybook', 'ledger') }} as reads
    inner join accounts as stores on reads.account_id = stores.account_id
    where reads.stream = 'orders' and stores.is_inbox
    group by stores.store_id, stores.time_zone, stores.account_id

),

ordered as (

    {%- for reader in ['account_id', "'all'"] %}
    select
        store_id,
        time_zone,
        window_start,
        max(window_end) over (
            partition by store_id, {{ reader }}
            order by window_start, window_end
            rows between unbounded preceding and 1 preceding
        ) as read_through
    from windows
    {{ "union all" if not loop.last }}
    {%- endfor %}

)

select distinct ordered.store_id, dates.date_day
from ordered
inner join {{ ref('int_dates') }} as dates
    on dates.date_day >= {{ local_date('ordered.read_through', 'ordered.time_zone') }}
    and dates.date_day <= {{ local_date('ordered.window_start - interval 1 second', 'ordered.time_zone') }}
where ordered.window_start > ordered.read_through
