-- Months whose customers are scored anew: a day in the year before the month's end changed, or the month's own row in int_spans did. One
-- row per store (and ALL) and month.
select distinct months.store_id, months.period_start
from {{ ref('int_rfm_months') }} as months
inner join {{ ref('int_affected_spans') }} as spans
    on months.store_id = spans.store_id
    and (
        (spans.grain = 'month' and spans.period_start = months.period_start)
        or (
            spans.grain = 'day'
            and spans.period_start between {{ add_days('months.period_end', -364) }} and months.period_end
        )
    )
