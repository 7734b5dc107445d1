-- How far each store's catalogue is known: from the first whole day after its products were first read, to the last whole day they are
-- read for; of several accounts, as far as all of them are. One row per store whose products are read.
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

)

select
    accounts.store_id,
    {{ add_days(local_date('max(first_reads.read_at)', 'stores.time_zone'), 1) }} as known_from,
    {{ add_days(local_date('min(marks.mark_end)', 'stores.time_zone'), -1) }} as known_through
from {{ source('raw_daybook', 'accounts') }} as accounts
inner join first_reads on accounts.account_id = first_reads.account_id
inner join marks on accounts.account_id = marks.account_id
inner join {{ ref('int_stores') }} as stores on accounts.store_id = stores.store_id
group by accounts.store_id, stores.time_zone
