{#
    One platform-free relation from the staging models of every platform in use that has the stream.
    The columns are the staging contract; a platform that misses one fails here by name.

    union_staging('orders') -> select … from stg_taobao__orders union all select … ; an empty, typed
    relation when no platform has the stream.
#}
{% macro union_staging(stream) %}
    {%- set platforms = platforms_of(stream) -%}
    {%- for platform in platforms %}
    select
        {%- for name, _ in staging_columns(stream) %}
        {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_' ~ platform ~ '__' ~ stream) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
    {%- if not platforms %}
    select
        {%- for name, type in staging_columns(stream) %}
        cast(null as {{ type }}) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- endif %}
{% endmacro %}


{# The staging contract: (column, type) of each stream, in order. #}
{% macro staging_columns(stream) %}
    {%- set text = 'varchar' if target.type == 'duckdb' else 'string' -%}
    {%- set instant = 'timestamp with time zone' if target.type == 'duckdb' else 'timestamp' -%}
    {%- set money = 'decimal(18, 4)' -%}
    {%- set columns = {
        'orders': [
            ('platform', text), ('account_id', text), ('store_id', text), ('order_id', text),
            ('buyer_key', text), ('currency', text), ('order_state', text), ('order_type', text),
            ('created_at', instant), ('paid_at', instant), ('shipped_at', instant),
            ('delivered_at', instant), ('promised_delivery_at', instant), ('completed_at', instant), ('cancelled_at', instant),
            ('modified_at', instant), ('shipping_charged', money), ('tax', money),
            ('order_discount', money), ('platform_subsidy', money), ('buyer_paid_total', money),
            ('deposit_paid_amount', money), ('deposit_paid_at', instant),
            ('is_deposit_forfeited', 'boolean'), ('payment_type', text), ('region', text),
            ('buyer_type', text), ('exclude_reason', text), ('source_status', text),
            ('load_id', 'bigint'), ('loaded_at', instant),
        ],
        'order_lines': [
            ('platform', text), ('account_id', text), ('store_id', text), ('order_id', text),
            ('line_id', text), ('product_id', text), ('sku_id', text), ('product_name', text),
            ('category_path', text), ('line_class', text), ('quantity', money),
            ('list_amount', money), ('merchant_item_discount', money),
            ('line_platform_subsidy', money), ('line_amount', money), ('line_tax', money),
            ('load_id', 'bigint'),
        ],
        'refunds': [
            ('platform', text), ('account_id', text), ('store_id', text), ('refund_id', text),
            ('order_id', text), ('line_id', text), ('refund_state', text), ('refund_type', text),
            ('requested_at', instant), ('refunded_at', instant), ('refund_amount', money),
            ('refund_goods', money), ('refund_shipping', money), ('refund_tax', money),
            ('quantity', money), ('reason', text), ('is_disputed', 'boolean'), ('is_platform_decided', 'boolean'),
            ('currency', text), ('load_id', 'bigint'),
        ],
        'refund_lines': [
            ('platform', text), ('account_id', text), ('store_id', text), ('refund_id', text), ('line_id', text),
            ('refund_goods', money), ('quantity', money), ('load_id', 'bigint'),
        ],
        'reviews': [
            ('platform', text), ('account_id', text), ('store_id', text), ('review_id', text), ('order_id', text),
            ('line_id', text), ('product_id', text), ('sku_id', text), ('reviewed_at', instant), ('rating', money),
            ('is_low', 'boolean'), ('is_counted', 'boolean'), ('load_id', 'bigint'),
        ],
        'products': [
            ('platform', text), ('account_id', text), ('store_id', text), ('product_id', text),
            ('sku_id', text), ('product_name', text), ('category_path', text), ('list_price', money),
            ('currency', text), ('is_on_sale', 'boolean'), ('stock', money), ('listed_at', instant),
            ('modified_at', instant), ('valid_from_at', instant), ('valid_until_at', instant),
            ('load_id', 'bigint'),
        ],
        'product_categories': [
            ('platform', text), ('account_id', text), ('store_id', text), ('product_id', text),
            ('category_path', text), ('valid_from_at', instant), ('load_id', 'bigint'),
        ],
        'traffic': [
            ('platform', text), ('account_id', text), ('store_id', text), ('grain', text),
            ('period_start', 'date'), ('source_l1', text), ('source_l2', text), ('device', text),
            ('is_total', 'boolean'), ('visitors', 'bigint'), ('new_visitors', 'bigint'),
            ('sessions', 'bigint'), ('page_views', 'bigint'), ('bounces', 'bigint'),
            ('seconds', 'bigint'), ('time_zone', text), ('load_id', 'bigint'),
        ],
        'report_flags': [
            ('platform', text), ('account_id', text), ('store_id', text), ('grain', text), ('period_start', 'date'), ('cut', text),
            ('is_thresholded', 'boolean'), ('is_cut_off', 'boolean'), ('is_sampled', 'boolean'), ('load_id', 'bigint'),
        ],
        'source_outcomes': [
            ('platform', text), ('account_id', text), ('store_id', text), ('grain', text),
            ('period_start', 'date'), ('source_l1', text), ('source_l2', text), ('is_total', 'boolean'),
            ('exposed', 'bigint'), ('clicked', 'bigint'), ('visited', 'bigint'),
            ('saw_detail', 'bigint'), ('carted', 'bigint'), ('favoured', 'bigint'),
            ('checked_out', 'bigint'), ('ordered', 'bigint'), ('paid', 'bigint'),
            ('orders', 'bigint'), ('units', money), ('paid_amount', money), ('currency', text),
            ('load_id', 'bigint'),
        ],
        'product_traffic': [
            ('platform', text), ('account_id', text), ('store_id', text), ('grain', text),
            ('period_start', 'date'), ('product_id', text), ('sku_id', text), ('product_name', text),
            ('exposures', 'bigint'), ('search_exposures', 'bigint'), ('search_clicks', 'bigint'),
            ('visitors', 'bigint'), ('page_views', 'bigint'), ('cart_visitors', 'bigint'),
            ('cart_units', 'bigint'), ('fav_visitors', 'bigint'), ('load_id', 'bigint'),
        ],
        'order_sources': [
            ('platform', text), ('account_id', text), ('store_id', text), ('order_id', text), ('source_l1', text), ('load_id', 'bigint'),
        ],
        'gift_card_payments': [
            ('platform', text), ('account_id', text), ('store_id', text), ('order_id', text), ('paid_by_gift_card', money), ('load_id', 'bigint'),
        ],
        'settlements': [
            ('platform', text), ('account_id', text), ('store_id', text), ('settlement_id', text), ('order_id', text),
            ('settled_at', instant), ('affiliate_commission', money), ('fees_platform', money), ('currency', text),
            ('load_id', 'bigint'),
        ],
        'order_scenes': [
            ('platform', text), ('account_id', text), ('store_id', text), ('order_id', text),
            ('line_id', text), ('live_id', text), ('host_id', text), ('host_name', text),
            ('video_id', text), ('load_id', 'bigint'),
        ],
        'live_sessions': [
            ('platform', text), ('account_id', text), ('store_id', text), ('session_date', 'date'),
            ('session_key', text), ('live_id', text), ('host_id', text), ('host_name', text),
            ('started_at', instant), ('ended_at', instant), ('seconds_on_air', 'bigint'),
            ('views', 'bigint'), ('viewers', 'bigint'), ('peak_concurrent', 'bigint'),
            ('watch_seconds', 'bigint'), ('comments', 'bigint'), ('likes', 'bigint'),
            ('new_fans', 'bigint'), ('product_exposures', 'bigint'), ('product_clicks', 'bigint'),
            ('exposed_viewers', 'bigint'), ('clicked_viewers', 'bigint'), ('buyers', 'bigint'),
            ('orders', 'bigint'), ('units', money), ('paid_amount', money), ('refund_amount', money),
            ('ad_spend', money), ('currency', text), ('load_id', 'bigint'),
        ],
        'ad_reach': [
            ('platform', text), ('account_id', text), ('store_id', text), ('grain', text),
            ('period_start', 'date'), ('entity_level', text), ('campaign_id', text), ('ad_group_id', text),
            ('ad_id', text), ('reach', 'bigint'), ('load_id', 'bigint'),
        ],
        'ads': [
            ('platform', text), ('account_id', text), ('store_id', text), ('report_date', 'date'),
            ('as_of_date', 'date'), ('is_latest', 'boolean'), ('entity_level', text),
            ('campaign_id', text), ('campaign_name', text), ('ad_group_id', text),
            ('ad_group_name', text), ('ad_id', text), ('ad_name', text), ('keyword_id', text), ('keyword_text', text),
            ('match_type', text), ('impressions', 'bigint'), ('clicks', 'bigint'), ('spend', money), ('conversions_platform', money),
            ('conversion_value_platform', money), ('daily_budget', money), ('currency', text), ('ad_time_zone', text),
            ('attribution_window', text), ('conversion_time_basis', text), ('load_id', 'bigint'),
        ],
    } -%}
    {{ return(columns[stream]) }}
{% endmacro %}


{# What the columns of a stream may hold, whatever the platform; null is always allowed here. #}
{% macro staging_values(stream) %}
    {%- set grains = ['day', 'week', 'month'] -%}
    {%- set sources = [
        'free_search', 'free_recommend', 'free_content', 'paid_search_bidding', 'paid_display_feed', 'affiliate', 'kol_live',
        'direct_returning', 'off_platform', 'owned', 'unknown',
    ] -%}
    {%- set values = {
        'orders': {
            'order_state': ['created', 'deposit_paid', 'paid', 'shipped', 'delivered', 'completed', 'closed_unpaid', 'cancelled'],
            'order_type': ['standard', 'presale', 'group_buy', 'cod', 'b2b'],
            'buyer_type': ['individual', 'organisation'],
            'exclude_reason': ['test', 'staff', 'brushed', 'deleted', 'unconfirmed', 'not_a_sale'],
        },
        'order_lines': {
            'line_class': [
                'product', 'shipping', 'fee', 'discount', 'sample', 'gift_card', 'test', 'manual', 'bad_debt', 'adjustment',
            ],
        },
        'refunds': {
            'refund_state': ['requested', 'processing', 'success', 'closed'],
            'refund_type': ['refund_only', 'return_refund', 'before_shipment', 'exchange', 'other'],
        },
        'traffic': {'grain': grains, 'device': ['all', 'pc', 'mobile'], 'source_l1': sources},
        'report_flags': {'grain': grains},
        'source_outcomes': {'grain': grains, 'source_l1': sources},
        'order_sources': {'source_l1': sources},
        'product_traffic': {'grain': grains},
        'ads': {
            'conversion_time_basis': ['click_date', 'conversion_date'],
            'match_type': ['exact', 'phrase', 'broad', 'smart', 'smart_core', 'by_match'],
        },
    } -%}
    {{ return(values.get(stream, {})) }}
{% endmacro %}


{# Whether a row counts: false where another account of the shop has a newer version of the same record (int_told_elsewhere). #}
{% macro is_heard(row, stream, record='order_id') -%}
    ({{ row }}.account_id, {{ row }}.{{ record }}) not in (
        select account_id, record_id from {{ ref('int_told_elsewhere') }} where stream = '{{ stream }}'
    )
{%- endmacro %}


{# (platform, store) of the shops whose orders are or were read by several accounts. Accounts that left accounts.yml count, too. #}
{% macro shared_shops() -%}
    {%- if not execute -%}
        {{ return([('', '')]) }}
    {%- endif -%}
    {%- set accounts = table_of_accounts() -%}
    {%- if accounts is none -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set found = run_query(
        'select platform, store_id from ' ~ accounts
        ~ ' where platform in (' ~ platforms_with('orders') ~ ') group by platform, store_id having count(*) > 1 order by 1, 2'
    ) -%}
    {{ return(found.rows | map('list') | list) }}
{%- endmacro %}
