{%- for grain in ['daily', 'weekly', 'monthly'] %}
select '{{ grain }}' as grain, store_id, period_start, buyers, new_buyers, returning_buyers
from {{ ref('store_' ~ grain) }}
where new_buyers + returning_buyers <> buyers or new_buyers < 0 or returning_buyers < 0
{{ "union all" if not loop.last }}
{%- endfor %}
