{# The ratios of live selling, made of the row's sums. click_rate uses clicks where the platform counts them, else people who clicked. #}
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
    this.store_id,
    this.host_id,
    this.host_name,
    this.clock,
    {{ period_columns() }},
    {%- for name in ['sessions', 'sessions_reported', 'seconds_on_air', 'views', 'viewers', 'session_viewers', 'viewers_at_least',
        'peak_concurrent', 'watch_seconds', 'comments', 'likes', 'new_fans', 'product_exposures', 'product_clicks', 'exposed_viewers',
        'clicked_viewers', 'buyers', 'orders', 'order_lines', 'units', 'paid_amount_attributed', 'paid_amount_live', 'refund_cohort',
        'net_sales_cohort', 'platform_paid_amount', 'slot_fee', 'commission', 'sample_cost', 'ad_spend', 'live_cost', 'avg_watch_seconds',
        'gpm', 'uv_value', 'click_rate', 'click_to_pay', 'live_roi'] %}
    this.{{ name }},
    {%- endfor %}
    {#- A host without a row in an earlier period whose orders were loaded sold nothing then, if the store's live sales are known at all. #}
    {{ compared({'sessions': 'bigint'}, nothing_where='is_orders_loaded and this.sessions is not null') }},
    {{ compared({'views': 'bigint', 'new_fans': 'bigint'}) }},
    {{ compared({
        'buyers': 'bigint',
        'orders': 'bigint',
        'units': 'decimal(18, 4)',
        'paid_amount_attributed': 'decimal(18, 2)',
        'paid_amount_live': 'decimal(18, 2)',
        'net_sales_cohort': 'decimal(18, 2)',
    }, nothing_where='is_orders_loaded and this.orders is not null') }},
    {{ compared({
        'live_cost': 'decimal(18, 2)',
        'gpm': 'double',
        'uv_value': 'double',
        'click_rate': 'double',
        'live_roi': 'double',
    }) }}
from {{ ref('int_live_by_period') }} as this
{{ joined_to_its_span() }}
{{ joined_to_compared_spans() }}
{{ compared_spans('int_live_by_period', ['store_id', 'host_id', 'clock'], 'spans') }}
where this.grain = '{{ grain }}' and this.span_days = 0
{% endmacro %}
