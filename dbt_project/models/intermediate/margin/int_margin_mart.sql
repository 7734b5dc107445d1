-- margin_daily, margin_weekly and margin_monthly: each period with the earlier ones it is compared with. In an earlier period whose
-- orders were loaded, a product or category without a row had nothing sold: a margin of 0.
{{ config(materialized='view') }}

select
    this.store_id,
    this.level,
    this.item_id,
    {{ period_columns() }},
    this.units_paid,
    this.net_sales_ex_tax,
    this.net_sales_with_cost,
    this.cost_coverage,
    this.cogs,
    this.gross_margin,
    this.gross_margin_rate,
    this.order_costs,
    cast(this.cm2 as decimal(18, 2)) as cm2,
    case when this.level = 'store' then stores.marketing_cost end as marketing_cost,
    -- Null for a period whose ads were read only in part: the margin of all sales would be less a part of the ads.
    cast(case when this.level = 'store' and stores.is_ads_loaded then this.cm2 - stores.marketing_cost end as decimal(18, 2)) as cm3,
    {{ compared({'net_sales_ex_tax': 'decimal(18, 2)', 'gross_margin': 'decimal(18, 2)'}, nothing_where='is_orders_loaded') }},
    {{ compared({'gross_margin_rate': 'double'}) }}
from {{ ref('int_margin_by_period') }} as this
{{ joined_to_its_span() }}
left join {{ ref('int_store_by_period') }} as stores
    on this.store_id = stores.store_id
    and this.grain = stores.grain
    and this.period_start = stores.period_start
    and this.span_days = stores.span_days
{{ joined_to_compared_spans() }}
{{ compared_spans('int_margin_by_period', keys=['store_id', 'level', 'item_id'], spans='spans') }}
where this.span_days = 0
