-- assortment_daily, assortment_weekly and assortment_monthly: each period with the earlier ones it is compared with.
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
    {{ compared({'products_on_sale': 'bigint', 'products_on_sale_sold': 'bigint', 'sell_through': 'double'}) }}
from {{ ref('int_assortment_by_period') }} as this
{{ joined_to_its_span() }}
{{ compared_spans('int_assortment_by_period', keys=['store_id', 'category_level', 'category_path'], spans='spans') }}
where this.span_days = 0
