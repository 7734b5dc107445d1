-- The ledger's total is the daily table's: an event outside of the calendar, or of a store without an account, would be lost.
-- Events of the running day wait until it is over.
with

ledger as (

    select
        ledger.store_id,
        sum(case when ledger.event_type = 'sale' then ledger.amount else 0 end) as paid_amount,
        -sum(case when ledger.event_type = 'refund' then ledger.amount else 0 end) as refund_amount,
        sum(ledger.other) as other_kept
    from {{ ref('fct_sales_ledger') }} as ledger
    left join {{ ref('int_stores') }} as stores on ledger.store_id = stores.store_id
    where stores.closed_through_date is null or ledger.event_date <= stores.closed_through_date
    group by ledger.store_id

),

daily as (

    select
        store_id,
        sum(paid_amount) as paid_amount,
        sum(refund_amount) as refund_amount,
        sum(other_charged) - sum(refund_other) as other_kept
    from {{ ref('store_daily') }}
    group by store_id

)

select
    ledger.*,
    daily.paid_amount as daily_paid_amount,
    daily.refund_amount as daily_refund_amount,
    daily.other_kept as daily_other_kept
from ledger
left join daily on ledger.store_id = daily.store_id
where ledger.paid_amount is not null
    and (
        daily.store_id is null
        or ledger.paid_amount <> coalesce(daily.paid_amount, 0)
        or ledger.refund_amount <> coalesce(daily.refund_amount, 0)
        or ledger.other_kept <> coalesce(daily.other_kept, 0)
    )
