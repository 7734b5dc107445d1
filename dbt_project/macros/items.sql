{# The item tables: one SELECT (int_item_mart), a table per level and grain that names its key. #}

{# What an item is at each level, as an expression over an order line. A line without a product is 'unknown', never dropped. #}
{% macro item_levels() -%}
    {%- set parts = ["split_part(category_path, ' > ', 1)", "split_part(category_path, ' > ', 2)", "split_part(category_path, ' > ', 3)"] -%}
    {{- return({
        'product': "coalesce(product_id, 'unknown')",
        'sku': "sku_id",
        'category_1': "coalesce(" ~ parts[0] ~ ", 'unknown')",
        'category_2': "case when " ~ parts[1] ~ " <> '' then concat(" ~ parts[0] ~ ", ' > ', " ~ parts[1] ~ ") end",
        'category_3': "case when " ~ parts[2] ~ " <> '' then concat(" ~ parts | join(", ' > ', ") ~ ") end",
    }) -}}
{%- endmacro %}


{# The join of lines with their kind (int_item_by_period): the item at every level. #}
{% macro same_kind(rows) -%}
    {%- for name in ['product_id', 'sku_id', 'category_path'] -%}
    {{ rows }}.{{ name }} is not distinct from kinds.{{ name }}{{ " and " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro product_mart(grain) %}
{{ config(**rebuilt([
    "{{ in_affected_periods('held') }}",
    "{{ in_changed_items(\"'product'\", 'held.store_id', 'held.product_id') }}",
])) }}
select
    store_id, item_id as product_id, item_name as product_name,
    {{ item_columns() }}, {{ item_traffic_columns() }}, first_paid_date, is_new,
    {{ unloaded_item_columns() }}
from {{ ref('int_item_mart') }} as items
where level = 'product' and grain = '{{ grain }}'
    {%- if only_changes() %}
    and ({{ in_affected_periods('items') }} or {{ in_changed_items('items.level', 'items.store_id', 'items.item_id') }})
    {%- endif %}
{% endmacro %}


{% macro sku_mart(grain) %}
{{ config(**rebuilt([
    "{{ in_affected_periods('held') }}",
    "{{ in_changed_items(\"'sku'\", 'held.store_id', 'held.sku_id') }}",
])) }}
select
    store_id, product_id, item_id as sku_id, item_name as product_name,
    {{ item_columns() }}, {{ item_traffic_columns() }}, first_paid_date, is_new,
    {{ unloaded_item_columns() }}
from {{ ref('int_item_mart') }} as items
where level = 'sku' and grain = '{{ grain }}'
    {%- if only_changes() %}
    and ({{ in_affected_periods('items') }} or {{ in_changed_items('items.level', 'items.store_id', 'items.item_id') }})
    {%- endif %}
{% endmacro %}


{% macro category_mart(grain) %}
{{ config(**rebuilt([
    "{{ in_affected_periods('held') }}",
    "{{ in_changed_items(\"concat('category_', cast(held.category_level as varchar))\", 'held.store_id', 'held.category_path') }}",
])) }}
select
    store_id,
    case level when 'category_1' then 1 when 'category_2' then 2 else 3 end as category_level,
    item_id as category_path,
    {{ item_columns() }}, products_sold
from {{ ref('int_item_mart') }} as items
where level in ('category_1', 'category_2', 'category_3') and grain = '{{ grain }}'
    {%- if only_changes() %}
    and ({{ in_affected_periods('items') }} or {{ in_changed_items('items.level', 'items.store_id', 'items.item_id') }})
    {%- endif %}
{% endmacro %}


{% macro item_columns() -%}
    grain, period_start, period_end, days_in_period, days_elapsed, is_complete, data_through_at, is_orders_loaded, currency,
    orders, buyers, units, list_amount, merchant_discount, goods_paid, refund_units, refund_goods, net_sales,
    refund_goods_cohort, net_sales_cohort, avg_unit_price, price_realisation, refund_rate_flow,
    gmv_share, rank_in_store, abc_class,
    orders_prev, orders_prev_chg, units_prev, units_prev_chg, goods_paid_prev, goods_paid_prev_chg, net_sales_prev, net_sales_prev_chg,
    orders_yoy, orders_yoy_chg, units_yoy, units_yoy_chg, goods_paid_yoy, goods_paid_yoy_chg, net_sales_yoy, net_sales_yoy_chg
{%- endmacro %}


{# What no source that is read tells of an item yet: null, and flags that say so. #}
{% macro unloaded_item_columns() -%}
    false as is_reviews_loaded,
    cast(null as bigint) as reviews,
    cast(null as double) as rating_avg,
    false as is_stock_loaded,
    cast(null as decimal(18, 2)) as list_price,
    cast(null as decimal(18, 4)) as stock_last,
    cast(null as integer) as in_stock_days,
    cast(null as double) as days_of_cover
{%- endmacro %}


{# Who looked at it: of products and variants only, because people of a category's products are not added up. #}
{% macro item_traffic_columns() -%}
    traffic_days, visitors, visitor_days, visitors_at_least, page_views, exposures, search_exposures, search_clicks, search_click_rate,
    cart_visitors, cart_units, fav_visitors, cart_rate, pay_conversion, uv_value
{%- endmacro %}
