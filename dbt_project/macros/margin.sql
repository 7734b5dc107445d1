{# The value of a setting for the row's store, as an expression over store_id. setting: {store: value, default: value}. #}
{% macro said_of_store(setting, otherwise) -%}
    coalesce(
        {%- for store, value in setting.items() if store != 'default' %}
        case when store_id = '{{ store }}' then {{ value }} end,
        {%- endfor %}
        {{ setting.get('default', otherwise) }}, null
    )
{%- endmacro %}


{# An amount without the tax that the store's prices include. (Tax that is charged on top of them is in no amount of goods.) #}
{% macro without_tax(amount) -%}
    cast(cast({{ amount }} as double) / (1 + {{ said_of_store(var('tax_in_prices'), 0) }}) as decimal(18, 2))
{%- endmacro %}


{#
  Whether enough of the net sales (var margin_from_coverage) has a cost for a margin to be shown. Where more came back than was sold, both
  sums are negative, and the same share of them must have a cost. What came back without a cost may not be more than the rest either: sales
  with a cost would then be more than all sales.
  uncosted: how many sales have no cost. With none the margin is known, even if nothing was sold.
#}
{% macro is_covered(net_sales, with_cost, uncosted) -%}
    (
        {{ uncosted }} = 0
        {%- set enough = var('margin_from_coverage') ~ ' * ' %}
        or ({{ with_cost }} > 0 and {{ with_cost }} >= {{ enough }}{{ net_sales }} and {{ net_sales }} >= {{ enough }}{{ with_cost }})
        or ({{ with_cost }} < 0 and {{ with_cost }} <= {{ enough }}{{ net_sales }} and {{ net_sales }} <= {{ enough }}{{ with_cost }})
    )
{%- endmacro %}


{# What an order costs beside its goods, in the reporting currency: a share of what was paid, and a fixed sum. Null where no setting says. #}
{% macro costs_of_an_order(paid) -%}
    {%- set shares, fixed = {}, {} -%}
    {%- for store, costs in var('order_costs').items() -%}
        {%- do shares.update({store: costs.get('share_of_paid', 0)}) -%}
        {%- do fixed.update({store: costs.get('per_order', 0)}) -%}
    {%- endfor -%}
    cast({{ paid }} * {{ said_of_store(shares, 'null') }} + {{ said_of_store(fixed, 'null') }} as decimal(18, 4))
{%- endmacro %}


{#
  Goods that were sold, and goods whose money went back, line by line. The columns are platform, store_id, order_id, product_id, sku_id,
  category_path, date_day (of the sale or the refund), cost_date (of the sale), is_back, units_paid, units_costed (less what came back, or
  never left, and can be sold again), goods (at the rate of its own day) and goods_cohort (at the rate of the sale). Without a list of
  costs there is no row.
#}
{% macro goods_moved() -%}
    select
        platform, store_id, order_id, product_id, sku_id, category_path,
        paid_date as date_day,
        paid_date as cost_date,
        false as is_back,
        units as units_paid,
        units as units_costed,
        goods_paid as goods,
        goods_paid as goods_cohort
    from {{ ref('fct_order_lines') }} as order_lines
    where line_class = 'product' and exclude_reason is null and paid_date is not null
        and exists (select 1 from {{ ref('int_unit_costs') }})

    union all

    select
        back.platform, back.store_id, back.order_id, back.product_id, back.sku_id, back.category_path,
        back.refund_date,
        back.order_paid_date,
        true,
        0,
        -case
            when refunds.refund_type in ('return_refund', 'before_shipment') and sold.goods_paid > 0
                then cast(sold.units * least(back.refund_goods_cohort / sold.goods_paid, 1) as decimal(18, 4))
            else 0
        end * {{ var('resaleable_share') }},
        -back.refund_goods,
        -back.refund_goods_cohort
    from {{ ref('fct_refund_lines') }} as back
    inner join {{ ref('fct_refunds') }} as refunds
        on back.platform = refunds.platform
        and back.store_id = refunds.store_id
        and back.refund_id = refunds.refund_id
    left join {{ ref('fct_order_lines') }} as sold
        on back.platform = sold.platform
        and back.store_id = sold.store_id
        and back.order_id = sold.order_id
        and back.line_id = sold.line_id
    where exists (select 1 from {{ ref('int_unit_costs') }})
{%- endmacro %}


{# What a piece cost in the reporting currency, after joined_to_unit_costs. The SKU's own cost goes before the product's, and the store's before
   that for all stores. #}
{% macro unit_cost() -%}
    cast(coalesce(
        {%- for kind in ['sku', 'product'] %}
        {%- for place in ['here', 'anywhere'] %}
        cast({{ kind }}_{{ place }}.unit_cost as double) * cast({{ kind }}_{{ place }}_rates.rate_to_reporting as double)
        {{- "," if not (kind == 'product' and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ) as decimal(18, 6))
{%- endmacro %}


{# The joins that unit_cost needs. goods: a relation with store_id, product_id, sku_id and cost_date. #}
{% macro joined_to_unit_costs(goods) -%}
    {%- for kind in ['sku', 'product'] %}
    {%- for place, store in {'here': goods ~ '.store_id', 'anywhere': "''"}.items() %}
    left join {{ ref('int_unit_costs') }} as {{ kind }}_{{ place }}
        on {{ kind }}_{{ place }}.item_kind = '{{ kind }}'
        and {{ kind }}_{{ place }}.store_id = {{ store }}
        and {{ kind }}_{{ place }}.item_id = {{ goods }}.{{ kind }}_id
        and {{ goods }}.cost_date >= {{ kind }}_{{ place }}.valid_from
        and {{ goods }}.cost_date < {{ kind }}_{{ place }}.valid_until
    left join {{ ref('int_fx_rates') }} as {{ kind }}_{{ place }}_rates
        on {{ kind }}_{{ place }}_rates.currency = {{ kind }}_{{ place }}.currency
        and {{ kind }}_{{ place }}_rates.date_day = {{ goods }}.cost_date
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}
