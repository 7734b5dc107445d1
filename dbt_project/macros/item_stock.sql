{# Stock of products and variants: what was left, on how many days there was some, and how long it lasts. #}

{#
  The CTEs `stocked` and `covering`.

  stocked: what the catalogue said of each item of to_write, in periods for which it is known on every day. A day's price and stock are
  those at its end. A day on which the item was not in the catalogue is a day without stock. If a stock was not told, the number of days
  with stock is null. Where two platforms of one store have the item, their pieces are added, and prices in two currencies give null.

  covering: the pieces that sold in the last days up to the period's end, and on how many of these days there was stock. Only where orders
  and catalogue are known for all of these days. The day on which the last piece was sold counts as a day with stock.
#}
{% macro item_stock(level, grain) -%}
known_periods as (

    select store_id, period_start, last_day, cover_from, is_cover_known
    from {{ ref('int_catalogue_periods') }}
    where grain = '{{ grain }}'

),

stocked as (

    select
        this.store_id,
        this.item_id,
        this.period_start,
        {%- set priced = 'case when versions.until_date > known.last_day and versions.list_price is not null then versions.' %}
        {%- for name, told in {'list_price': 'list_price', 'list_price_currency': 'currency'}.items() %}
        case when count(distinct {{ priced }}currency end) <= 1 then max({{ priced }}{{ told }} end) end as {{ name }},
        {%- endfor %}
        sum(case when versions.until_date > known.last_day then versions.stock end) as stock_last,
        {{ days_with_stock('this.period_start', 'known.last_day') }} as in_stock_days
    from to_write as this
    inner join known_periods as known
        on this.store_id = known.store_id
        and this.period_start = known.period_start
    left join {{ ref('int_product_versions') }} as versions
        on {{ versions_of(level, 'this', 'this.period_start', 'known.last_day') }}
    group by this.store_id, this.item_id, this.period_start

),

sold_of_late as (

    select
        this.store_id, this.item_id, this.period_start, known.cover_from, known.last_day,
        sum(days.units) as units,
        count(case when days.units > 0 then sold_out.date_day end) as sold_out_days
    from to_write as this
    inner join known_periods as known
        on this.store_id = known.store_id
        and this.period_start = known.period_start
        and known.is_cover_known
    inner join {{ ref('int_item_by_period') }} as days
        on days.level = '{{ level }}' and days.grain = 'day' and days.span_days = 0
        and this.store_id = days.store_id
        and this.item_id = days.item_id
        and days.period_start between known.cover_from and known.last_day
    left join {{ ref('int_sold_out_days') }} as sold_out
        on days.level = sold_out.level
        and days.store_id = sold_out.store_id
        and days.item_id = sold_out.item_id
        and days.period_start = sold_out.date_day
    group by this.store_id, this.item_id, this.period_start, known.cover_from, known.last_day

),

covering as (

    select
        sold.store_id, sold.item_id, sold.period_start, sold.units,
        {{ days_with_stock('sold.cover_from', 'sold.last_day', 'max(sold.sold_out_days)') }} as in_stock_days
    from sold_of_late as sold
    inner join {{ ref('int_product_versions') }} as versions
        on {{ versions_of(level, 'sold', 'sold.cover_from', 'sold.last_day') }}
    group by sold.store_id, sold.item_id, sold.period_start, sold.units

)
{%- endmacro %}


{# The join of an item with those of its versions that held at the end of some day from first_day to last_day. #}
{% macro versions_of(level, item, first_day, last_day) -%}
    {{ item }}.store_id = versions.store_id
        and {{ item }}.item_id = versions.{{ level }}_id
        {%- if level == 'product' %}
        and versions.sku_id is null
        {%- endif %}
        and versions.from_date <= {{ last_day }}
        and versions.until_date > {{ first_day }}
        and versions.from_date < versions.until_date
{%- endmacro %}

{# On how many of those days an item had stock at the day's end, plus `others`; null if a version does not tell its stock. The days of two
   platforms are added, but never to more than there are. #}
{% macro days_with_stock(first_day, last_day, others='0') -%}
    case when count(*) = count(versions.stock) then least(
        sum(case when versions.stock > 0 then {{ days_between(
            'greatest(versions.from_date, ' ~ first_day ~ ')', 'least(versions.until_date, ' ~ add_days(last_day, 1) ~ ')'
        ) }} else 0 end) + {{ others }},
        max({{ days_between(first_day, last_day) }}) + 1
    ) end
{%- endmacro %}
