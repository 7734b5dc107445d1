-- The claims of several ad platforms overlap: together they are good for nothing but showing by how much (marts, trap 31).
{%- for grain in ['daily', 'weekly', 'monthly'] %}
select '{{ grain }}' as grain, store_id, period_start, paid_amount, platform_claimed_value, overclaim_ratio
from {{ ref('marketing_' ~ grain) }}
where abs(overclaim_ratio * cast(paid_amount as double) - cast(platform_claimed_value as double))
        > 0.000001 * abs(cast(paid_amount as double)) + 0.01
    or (is_ads_loaded and is_orders_loaded and paid_amount > 0 and platform_claimed_value is not null and overclaim_ratio is null)
{{ "union all" if not loop.last }}
{%- endfor %}
