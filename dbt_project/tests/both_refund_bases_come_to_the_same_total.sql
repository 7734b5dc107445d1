-- Every refund is once on its own date and once on its order's paid date. Over all time the two differ by the refunds whose
-- order is not known, by what currency moved, by refunds of the running day, which stand on no date of their own yet, and
-- by nothing else. Where an amount has no rate nobody knows either of the two; the rates have their own test.
with

running as (

    select refunds.store_id, sum(refunds.refund_amount_cohort) as refund_amount_cohort
    from {{ ref('fct_refunds') }} as refunds
    inner join {{ ref('int_stores') }} as stores on refunds.store_id = stores.store_id
    where refunds.is_counted
        and refunds.is_linked
        and refunds.refund_date > stores.closed_through_date
        and refunds.order_paid_date <= stores.closed_through_date
    group by refunds.store_id

)

select
    months.store_id,
    sum(months.refund_amount) as flow,
    sum(months.refund_amount_cohort) as cohort,
    max(coalesce(running.refund_amount_cohort, 0)) as running_cohort
from {{ ref('store_monthly') }} as months
left join running on months.store_id = running.store_id
where months.store_id <> 'ALL'
group by months.store_id
having count(months.orders_paid) = count(months.refund_amount + months.fx_difference + months.refund_amount_cohort)
    and sum(months.refund_amount) - sum(months.refund_amount_unlinked) - sum(months.fx_difference)
    <> sum(months.refund_amount_cohort) - max(coalesce(running.refund_amount_cohort, 0))
