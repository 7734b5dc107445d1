-- Every refund is once on its own date and once on its order's paid date. Over all time the two differ by the refunds whose
-- order is not known and by what currency moved, and by nothing else.
select store_id, sum(refund_amount) as flow, sum(refund_amount_cohort) as cohort
from {{ ref('store_monthly') }}
where store_id <> 'ALL'
group by store_id
having sum(refund_amount) - sum(refund_amount_unlinked) - sum(fx_difference) <> sum(refund_amount_cohort)
