-- The months at whose end customers are scored (rfm_monthly): the last 13 whole ones. One row per store (and ALL) and month.
select store_id, period_start, period_end, data_through_at
from (
    select
        store_id,
        period_start,
        period_end,
        data_through_at,
        row_number() over (partition by store_id order by period_start desc) as age
    from {{ ref('int_spans') }}
    where grain = 'month' and span_days = 0 and is_complete and has_orders
) as whole_months
where age <= 13
