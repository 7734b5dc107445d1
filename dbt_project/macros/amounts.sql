{# Money, and the comparison with earlier periods. #}


{# An amount in another currency, to the cent; null when the rate is missing. #}
{% macro converted(amount, rate) -%}
    {#- decimal(25) makes the engine multiply in 128 bits: two decimal(18) would overflow above some 90,000. That costs twenty times as much
    as 64 bits, so money that is in the wanted currency already (rate 1), as most is, takes the other way. #}
    case
        when {{ rate }} = 1 then cast(round({{ amount }}, 2) as decimal(18, 4))
        else cast(round(cast({{ amount }} as decimal(25, 4)) * {{ rate }}, 2) as decimal(18, 4))
    end
{%- endmacro %}


{# A sum cast to decimal(18, 4). The engine makes a sum a decimal(38), and adding such sums up again costs several times as much. #}
{% macro added_up(amount) %}cast(sum({{ amount }}) as decimal(18, 4)){% endmacro %}


{# Money of a mart row: null when the source is not loaded or a rate of the period is missing. #}
{% macro mart_money(amount, known) -%}
    {#- The inner cast is to 64 bits: a sum has 128, and rounding those costs fifty times as much. #}
    cast(case when {{ known }} then cast({{ amount }} as decimal(18, 4)) end as decimal(18, 2))
{%- endmacro %}

{#
  The sum of a figure over rows of ads, null where one of them that cost something does not tell it: the spend of all by the clicks of some
  would be too much a click.
#}
{% macro whole_sum(name, of='') -%}
    case when count(case when {{ name }} is null and not {{ of }}is_withdrawn and {{ of }}spend_orig <> 0 then 1 end) = 0 then sum({{ name }}) end
{%- endmacro %}

{# The oldest read (its date or its age) among the ad figures that the platform has not withdrawn; where it withdrew all, among all. #}
{% macro oldest_that_stands(read, of='') -%}
    coalesce(min(case when not {{ of }}is_withdrawn then {{ of }}{{ read }} end), min({{ of }}{{ read }}))
{%- endmacro %}


{# A relative change, null when there is nothing to compare with. Against a loss there is no rate: a rise would read as a fall. #}
{% macro change(now, before) -%}
    case when {{ before }} > 0 then {{ ratio("(" ~ now ~ ") - (" ~ before ~ ")", before) }} end
{%- endmacro %}


{#
    The comparison columns of a measure: the earlier period's value, and the change of `own` (this period over its whole elapsed
    days) against it. Needs the relations own, prev and yoy, which have the measures of the compared spans.

    loaded: measure → a flag. The measure is compared only where both spans have the flag: four days of ads are not a week of ads.
    nothing_where: a flag of the span (joined_to_compared_spans), for tables that have rows only for what happened. Where a span has the
        flag, a missing row means 0, else it is unknown.
    absent: the condition by which an earlier row is missing; `$` stands for prev or yoy.
    own: the expression of this period's measure; `$` stands for the measure's name.
    whens: the earlier spans, by the names of their relations and columns.
#}
{% macro compared(measures, loaded={}, nothing_where=none, absent='$.grain is null', own=none, whens=['prev', 'yoy']) -%}
    {%- for name, type in measures.items() %}
    {%- set now = own.replace('$', name) if own else of_loaded('own', name, loaded) %}
    {%- if nothing_where and not own %}
    {%- set now = "case when own_spans." ~ nothing_where ~ " and own.grain is null then 0 else " ~ now ~ " end" %}
    {%- endif %}
    {%- for when in whens %}
    {%- set before = of_loaded(when, name, loaded) %}
    cast({{ "case when " ~ when ~ "_spans." ~ nothing_where ~ " and " ~ absent.replace('$', when) ~ " then 0 else " ~ before ~ " end"
        if nothing_where else before }} as {{ type }}) as {{ name }}_{{ when }},
    {{ change(now, before) }} as {{ name }}_{{ when }}_chg
    {{- "," if not loop.last }}
    {%- endfor %}
    {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#
    What else a day of int_store_by_period is compared with: the same date a year before (same_date), and the day of the same number
    in the event before (same_event). compared_with_same_days has the columns.
#}
{% macro same_day_spans() -%}
left join {{ ref('int_store_by_period') }} as same_date
    on this.store_id = same_date.store_id
    and this.grain = same_date.grain
    and this.yoy_date_period_start = same_date.period_start
    and same_date.span_days = 0
left join {{ ref('int_event_days') }} as events
    on {{ only_where("this.grain = 'day'", 'this.period_start') }} = events.date_day
left join {{ ref('int_store_by_period') }} as same_event
    on this.store_id = same_event.store_id
    and this.grain = same_event.grain
    and {{ only_where('this.is_complete', 'events.compare_date') }} = same_event.period_start
    and same_event.span_days = 0
    and same_event.is_complete
{%- endmacro %}

{% macro compared_with_same_days(names, loaded={}) -%}
    {%- for compare in ['same_date', 'same_event'] %}
    {%- set suffix = compare.replace('same', 'yoy') %}
    {%- set last = loop.last %}
    {%- for name in names %}
    {%- set before = of_loaded(compare, name, loaded) %}
    {{ before }} as {{ name }}_{{ suffix }},
    {{ change(of_loaded('own', name, loaded), before) }} as {{ name }}_{{ suffix }}_chg
    {{- "," if not (last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}

{# A measure of a row; null where `loaded` names a flag for the measure and the row does not have it. #}
{% macro of_loaded(span, name, loaded) -%}
    {{- "case when " ~ span ~ "." ~ loaded[name] ~ " then " ~ span ~ "." ~ name ~ " end" if name in loaded else span ~ "." ~ name -}}
{%- endmacro %}


{# Joins int_spans, as `spans`, to `this`, a row of a period. period_columns: the columns about the period that every mart has. #}
{% macro joined_to_its_span() -%}
inner join {{ ref('int_spans') }} as spans
    on this.store_id = spans.store_id
    and this.grain = spans.grain
    and this.period_start = spans.period_start
    and this.span_days = spans.span_days
{%- endmacro %}

{% macro period_columns() -%}
    this.grain,
    this.period_start,
    spans.period_end,
    spans.days_in_period,
    cast(spans.days_elapsed as integer) as days_elapsed,
    spans.is_complete,
    spans.data_through_at,
    spans.is_orders_loaded,
    '{{ var("reporting_currency") }}' as currency
{%- endmacro %}


{#
    For a left join that may match only where `condition` holds: the key where it does, else null. As a condition of its own in the ON
    clause it would name no column of the other side, and DuckDB would compare every row with every row.
#}
{% macro only_where(condition, key) %}case when {{ condition }} then {{ key }} end{% endmacro %}


{#
    Joins the rows of `model` that take part in the comparison to `this`: own (this period over the days that can be compared), prev and yoy
    (see int_spans).

    keys: the columns that identify a row within a period. nullable: further ones, which may be null.
    spans: the relation that says which spans are compared.
    only: a flag that a row must have to be compared. only_spans: a flag that its span must have (joined_to_compared_spans).
    rows: the CTE with those rows of the model that a night reads (in_periods_read). Otherwise DuckDB would hash all of them.
#}
{% macro compared_spans(model, keys=['store_id'], spans='this', only=none, nullable=[], only_spans=none, rows=none) -%}
    {%- for name, start in [('own', 'period_start'), ('prev', 'prev_period_start'), ('yoy', 'yoy_period_start')] %}
left join {{ rows or ref(model) }} as {{ name }}
    on this.grain = {{ name }}.grain
    {%- for key in keys %}
    and this.{{ key }} = {{ name }}.{{ key }}
    {%- endfor %}
    {%- for key in nullable %}
    and this.{{ key }} is not distinct from {{ name }}.{{ key }}
    {%- endfor %}
    {%- set compared_start = spans ~ '.' ~ start %}
    and {{ only_where(name ~ '_spans.' ~ only_spans, compared_start) if only_spans else compared_start }} = {{ name }}.period_start
    and {{ spans }}.{{ name }}_span_days = {{ name }}.span_days
    {%- if only %}
    and {{ name }}.{{ only }}
    {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#
    Joins int_spans once more, for the compared spans, as own_spans, prev_spans and yoy_spans, to `this` and its `spans`. Tables that have
    rows only for what happened need it to tell an earlier period without sales from one that was not loaded.

    model, keys: another relation of spans, and the columns that find its row beside the span's own.
#}
{% macro joined_to_compared_spans(model='int_spans', keys=['store_id']) -%}
    {%- for name, start in [('own', 'period_start'), ('prev', 'prev_period_start'), ('yoy', 'yoy_period_start')] %}
left join {{ ref(model) }} as {{ name }}_spans
    on this.grain = {{ name }}_spans.grain
    {%- for key in keys %}
    and this.{{ key }} = {{ name }}_spans.{{ key }}
    {%- endfor %}
    and spans.{{ start }} = {{ name }}_spans.period_start
    and spans.{{ name }}_span_days = {{ name }}_spans.span_days
    {%- endfor %}
{%- endmacro %}


{# An amount as text with its sign: +12.00, -3.40. #}
{% macro signed(amount) -%}
    concat(case when {{ amount }} < 0 then '-' else '+' end, cast(abs({{ amount }}) as {{ t('text') }}))
{%- endmacro %}


{# The columns of gmv_change_daily, _weekly and _monthly. #}
{% macro gmv_change_columns() -%}
    store_id, grain, period_start, compare, period_end, days_in_period, cast(days_elapsed as integer) as days_elapsed, is_complete,
    data_through_at, is_orders_loaded, '{{ var("reporting_currency") }}' as currency, before_period_start, paid_amount,
    paid_amount_before, cast(paid_amount_change as decimal(18, 2)) as paid_amount_change, paid_amount_change_rate,
    visitors, visitors_before, buyers, buyers_before, orders_paid, orders_paid_before, units_paid, units_paid_before,
    explained_from
    {%- for name in ['orders', 'buyers', 'visitors', 'conversion', 'orders_per_buyer', 'units_per_order', 'unit_price', 'appeared',
        'disappeared', 'unexplained'] %},
    cast(effect_{{ name }} as decimal(18, 2)) as effect_{{ name }}
    {%- endfor %},
    main_driver, sentence
{%- endmacro %}


{# The parts of a change of paid_amount by source: the factors first, then what they do not explain. #}
{% macro gmv_source_effects() -%}
    {{- return(['traffic', 'source_share', 'conversion', 'basket', 'appeared', 'disappeared', 'unexplained', 'unattributed']) -}}
{%- endmacro %}

{# gmv_change_source_daily, _weekly and _monthly: one SELECT, a table per grain. #}
{% macro gmv_change_source_mart(grain) -%}
select
    store_id, source_l1, source_l2, is_total, grain, period_start, compare, period_end, days_in_period,
    cast(days_elapsed as integer) as days_elapsed, is_complete, data_through_at, is_orders_loaded,
    '{{ var("reporting_currency") }}' as currency, before_period_start,
    {%- for name in ['paid_amount', 'paid_amount_before', 'paid_amount_change'] %}
    cast({{ name }} as decimal(18, 2)) as {{ name }},
    {%- endfor %}
    {%- for name in ['visitor_days', 'visitor_days_before', 'buyer_days', 'buyer_days_before'] %}
    cast({{ name }} as bigint) as {{ name }},
    {%- endfor %}
    explained_from,
    {%- for name in gmv_source_effects() %}
    cast(effect_{{ name }} as decimal(18, 2)) as effect_{{ name }},
    {%- endfor %}
    main_driver, main_source, sentence
from {{ ref('int_gmv_change_source') }}
where grain = '{{ grain }}'
{%- endmacro %}


{# The traits of an order that have tables of their own, and its value of each. An order without a value is 'unknown', never left out. #}
{% macro attribute_traits() %}{{ return(['region', 'buyer_type', 'payment_type']) }}{% endmacro %}

{% macro traits_of_the_order(of='') -%}
    {%- for trait in attribute_traits() -%}
        coalesce(nullif(trim({{ of }}{{ trait }}), ''), 'unknown') as {{ trait }}{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The measures of region_*, buyer_type_* and payment_type_*, in their order; those of earlier periods come after them. #}
{% macro attribute_measures() -%}
    {{- return([
        'orders_created', 'orders_unpaid', 'orders_created_paid', 'pay_rate_created_cohort',
        'orders_paid', 'orders_cancelled_cohort', 'orders_fully_refunded_cohort', 'orders_partly_refunded_cohort',
        'buyers', 'new_buyers', 'returning_buyers', 'repeat_in_period_buyers', 'new_buyers_kept', 'returning_buyers_365d', 'first_orders', 'first_order_amount',
        'new_buyer_amount', 'units_paid', 'list_amount', 'merchant_discount', 'discount_rate',
        'platform_subsidy', 'goods_paid', 'shipping_charged', 'tax', 'paid_amount', 'share_of_paid_amount',
        'merchant_receivable', 'gift_cards_sold', 'gift_cards_redeemed', 'deposit_received', 'deposit_forfeited', 'refunds', 'refund_units', 'refund_goods', 'refund_shipping', 'refund_tax',
        'refund_amount', 'net_sales', 'refund_goods_cohort', 'refund_amount_cohort', 'net_sales_cohort', 'aov',
        'spend_per_buyer', 'avg_unit_price', 'units_per_order', 'refund_rate_flow',
        'paid_amount_mature', 'refund_amount_cohort_30d', 'refund_rate_cohort_30d'
    ]) -}}
{%- endmacro %}


{#
  region_*, buyer_type_* and payment_type_*: each period with the earlier ones it is compared with. In an earlier period whose orders were
  loaded, a value without a row sold nothing.
#}
{% macro attribute_mart(trait, grain) -%}
{{ config(**rebuilt(["{{ in_affected_periods('held') }}"])) }}
{%- set measures = {'orders_paid': 'bigint', 'buyers': 'bigint', 'paid_amount': 'decimal(18, 2)', 'net_sales': 'decimal(18, 2)'} %}
{%- set rows = 'rows_read' if only_changes() %}
{%- if only_changes() %}
with

rows_read as (

    select *
    from {{ ref('int_attribute_by_period') }} as held
    where trait = '{{ trait }}' and {{ in_periods_read('held', grain) }}

)
{% endif %}
select
    this.store_id,
    this.trait_value as {{ trait }},
    {{ period_columns() }},
    spans.is_gift_cards_redeemed_loaded,
    {%- for name in attribute_measures() %}
    {{ 'case when spans.is_gift_cards_redeemed_loaded then this.gift_cards_redeemed end' if name == 'gift_cards_redeemed'
        else 'this.' ~ name }} as {{ name }},
    {%- endfor %}
    {{ compared(measures, nothing_where='is_orders_loaded') }}
from (
    select *
    from {{ rows or ref('int_attribute_by_period') }} as held
    where trait = '{{ trait }}' and grain = '{{ grain }}' and span_days = 0
        {%- if only_changes() %}
        and {{ in_affected_periods('held') }}
        {%- endif %}
) as this
{{ joined_to_its_span() }}
{{ joined_to_compared_spans() }}
{{ compared_spans('int_attribute_by_period', ['trait', 'store_id', 'trait_value'], 'spans', rows=rows) }}
{%- endmacro %}
