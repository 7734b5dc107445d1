-- A day's sum in the ledger is the daily table's: an event outside of the calendar, or of a store without an account, would be lost.
-- Events of the running day wait until it is over. What a day with an unknown amount comes to, nobody knows.
with

ledger as (

    select
        ledger.store_id,
        ledger.event_date,
        sum(case when ledger.amount is null then 1 else 0 end) as unknown,
        sum(case when ledger.event_type = 'sale' then ledger.amount else 0 end) as paid_amount,
        -sum(case when ledger.event_type = 'refund' then ledger.amount else 0 end) as refund_amount,
        sum(ledger.other) as other_kept
    from {{ ref('fct_sales_ledger') }} as ledger
    left join {{ ref('int_stores') }} as stores on ledger.store_id = stores.store_id
    where stores.closed_through_date is null or ledger.event_date <= stores.closed_through_date
    group by ledger.store_id, ledger.event_date

)

select
    ledger.*,
    daily.paid_amount as daily_paid_amount,
    daily.refund_amount as daily_refund_amount,
    daily.other_charged - daily.refund_other as daily_other_kept
from ledger
left join {{ ref('store_daily') }} as daily on ledger.store_id = daily.store_id and ledger.event_date = daily.period_start
where daily.store_id is null
    or ledger.unknown = 0
    and (
        ledger.paid_amount <> coalesce(daily.paid_amount, 0)
        or ledger.refund_amount <> coalesce(daily.refund_amount, 0)
        or ledger.other_kept <> coalesce(daily.other_charged - daily.refund_other, 0)
    )
