-- Two ratios that many people call by one name, each under its own, and each of the sums in its own row (marts, trap 30).
{%- for grain in ['daily', 'weekly', 'monthly'] %}
select '{{ grain }}' as grain, store_id, period_start, ad_spend, paid_amount, net_sales, mer_pct, blended_roas
from {{ ref('marketing_' ~ grain) }}
where abs(mer_pct * cast(paid_amount as double) - cast(ad_spend as double)) > 0.000001 * abs(cast(paid_amount as double)) + 0.01
    or abs(blended_roas * cast(ad_spend as double) - cast(net_sales as double)) > 0.000001 * abs(cast(ad_spend as double)) + 0.01
    or (is_ads_loaded and is_orders_loaded and paid_amount > 0 and ad_spend is not null and mer_pct is null)
    or (paid_amount = 0 and mer_pct is not null)
{{ "union all" if not loop.last }}
{%- endfor %}
