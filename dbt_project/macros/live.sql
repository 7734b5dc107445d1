{# The ratios of live selling, made of the sums of the row. Clicks as times where they are told, else as people. #}
{% macro live_ratios() -%}
    {{ ratio('watch_seconds', 'session_viewers') }} as avg_watch_seconds,
    {{ ratio('paid_amount_attributed * 1000', 'views') }} as gpm,
    {{ ratio('paid_amount_attributed', 'session_viewers') }} as uv_value,
    coalesce({{ ratio('product_clicks', 'product_exposures') }}, {{ ratio('clicked_viewers', 'exposed_viewers') }}) as click_rate,
    {{ ratio('buyers', 'clicked_viewers') }} as click_to_pay,
    {{ ratio('net_sales_cohort', 'live_cost') }} as live_roi
{%- endmacro %}


{# live_daily, _weekly and _monthly: one SELECT, a table per grain. #}
{% macro live_mart(grain) %}
select
    figures.store_id,
    figures.host_id,
    figures.host_name,
    figures.clock,
    figures.grain,
    figures.period_start,
    spans.period_end,
    spans.days_in_period,
    cast(spans.days_elapsed as integer) as days_elapsed,
    spans.is_complete,
    spans.data_through_at,
    spans.is_orders_loaded,
    '{{ var("reporting_currency") }}' as currency,
    {%- for name in ['sessions', 'sessions_reported', 'seconds_on_air', 'views', 'viewers', 'session_viewers', 'viewers_at_least',
        'peak_concurrent', 'watch_seconds', 'comments', 'likes', 'new_fans', 'product_exposures', 'product_clicks', 'exposed_viewers',
        'clicked_viewers', 'buyers', 'orders', 'order_lines', 'units', 'paid_amount_attributed', 'paid_amount_live', 'refund_cohort',
        'net_sales_cohort', 'platform_paid_amount', 'slot_fee', 'commission', 'sample_cost', 'ad_spend', 'live_cost'] %}
    figures.{{ name }},
    {%- endfor %}
    {{ live_ratios() }}
from {{ ref('int_live_by_period') }} as figures
inner join {{ ref('int_spans') }} as spans
    on figures.store_id = spans.store_id
    and figures.grain = spans.grain
    and figures.period_start = spans.period_start
    and spans.span_days = 0
where figures.grain = '{{ grain }}'
{% endmacro %}
