-- From when until when each store's catalogue is known: from the first whole day after its products were first read, to the last whole
-- day for which they were read. With several accounts, as with orders, it begins where the first account begins, and ends with the
-- account that is furthest behind of those that are waited for. One row per store whose products are read.
with

first_reads as (

    select account_id, min(read_at) as read_at
    from {{ source('raw_daybook', 'ledger') }}
    where stream = 'products'
    group by account_id

),

marks as (

    select account_id, mark_end
    from {{ source('raw_daybook', 'stream_status') }}
    where stream = 'products'

),

readers as (

    select
        accounts.store_id,
        first_reads.read_at,
        marks.mark_end,
        {{ is_waited_for('marks.mark_end') }} as is_waited_for
    from {{ source('raw_daybook', 'accounts') }} as accounts
    inner join first_reads on accounts.account_id = first_reads.account_id
    inner join marks on accounts.account_id = marks.account_id

)

select
    readers.store_id,
    {{ add_days(local_date('min(readers.read_at)', 'stores.time_zone'), 1) }} as known_from,
    {{ add_days(local_date('min(case when readers.is_waited_for then readers.mark_end end)', 'stores.time_zone'), -1) }}
        as known_through
from readers
inner join {{ ref('int_stores') }} as stores on readers.store_id = stores.store_id
group by readers.store_id, stores.time_zone
