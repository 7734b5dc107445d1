-- A warning: what the platform says of itself is not ours to refuse.
{{ config(severity='warn') }}
-- The busiest day ≤ visitors ≤ the days added up; and no source has more visitors than the day, nor all together fewer.
{%- for grain in ['daily', 'weekly', 'monthly'] %}
select '{{ grain }}' as grain, store_id, source_l1, source_l2, device, period_start
from {{ ref('traffic_source_' ~ grain) }}
where is_complete and is_traffic_loaded and (visitors > visitor_days or visitors < visitors_at_least)
{{ "union all" if not loop.last }}
{%- endfor %}
