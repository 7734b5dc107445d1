-- assortment_daily, assortment_weekly and assortment_monthly: each period with the earlier ones it is compared with. An earlier period
-- whose catalogue was known has a row of all categories; in such a period a category without a row had nothing on sale.
{{ config(
    materialized='view',
    schema='intermediate',
    database=target.database if target.type == 'duckdb' else none,
    contract={'enforced': false}
) }}

select
    this.store_id,
    cast(this.category_level as integer) as category_level,
    this.category_path,
    {{ period_columns() }},
    this.is_catalogue_loaded,
    cast(this.products_on_sale as bigint) as products_on_sale,
    cast(this.products_on_sale_sold as bigint) as products_on_sale_sold,
    this.sell_through,
    this.stock_last,
    {{ compared({'products_on_sale': 'bigint'}, nothing_where='is_catalogue_loaded') }},
    {{ compared({'products_on_sale_sold': 'bigint'}, nothing_where='products_on_sale_sold is not null') }},
    {{ compared({'sell_through': 'double'}) }}
from {{ ref('int_assortment_by_period') }} as this
{{ joined_to_its_span() }}
{%- for when, start in [('own', 'period_start'), ('prev', 'prev_period_start'), ('yoy', 'yoy_period_start')] %}
left join {{ ref('int_assortment_by_period') }} as {{ when }}_spans
    on this.store_id = {{ when }}_spans.store_id
    and this.grain = {{ when }}_spans.grain
    and {{ when }}_spans.category_level = 0
    and spans.{{ start }} = {{ when }}_spans.period_start
    and spans.{{ when }}_span_days = {{ when }}_spans.span_days
{%- endfor %}
{{ compared_spans('int_assortment_by_period', keys=['store_id', 'category_level', 'category_path'], spans='spans') }}
where this.span_days = 0
