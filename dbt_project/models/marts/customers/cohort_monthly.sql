-- Buyers by the month of their first order, followed month by month: all of them, each kind, and each source that won them where the
-- platform of some of a store's orders tells it. A cell after the last closed day is null, not 0; an empty
-- cell before it is 0: of ALL after the last day to which each store that won buyers of the cohort is read. The running day of a store
-- is in no cell, of ALL either. Months 0 to 36.
{%- set kinds = "(select 'ALL' as buyer_type union all select 'individual' union all select 'organisation' union all select 'unknown')" %}
{%- set sums = ['orders', 'paid_amount', 'unrated', 'net_sales_cohort', 'unrated_cohort'] %}
{%- set margin_sums = ['net_sales', 'net_sales_with_cost', 'cogs', 'unrated', 'uncosted'] %}
{#- Amounts of a row, in cents, and its ratios are made of them. #}
{%- set sales = mart_money('cumulative_net_sales', 'is_reached and cumulative_unrated_cohort = 0') %}
{%- set untaxed = mart_money('margin_net_sales', 'is_margin_known') %}
{%- set with_cost = mart_money('margin_net_sales_with_cost', 'is_margin_known') %}
{%- set margin = mart_money('margin_net_sales_with_cost - margin_cogs', 'is_margin_known and is_covered') %}

with

-- A buyer's cohort, type and source never change: nobody is in two of these, and the first order of a month is its buyer's one. Where
-- it may be one that is left out, buyers are counted by name.
parts as (

    select
        orders.store_id,
        orders.first_buyer_type as buyer_type,
        coalesce(won.acquisition_source, 'unknown') as acquisition_source,
        {{ month_start('orders.first_paid_date') }} as cohort_month,
        {{ months_between(month_start('orders.first_paid_date'), month_start('orders.paid_date')) }} as month_number,
        sum(case
            when left_out.buyer_key is not null or orders.previous_paid_date >= {{ month_start('orders.paid_date') }} then 0
            else 1
        end) + count(distinct left_out.platform || ' ' || left_out.buyer_key) as people,
        count(*) as orders,
        sum(orders.paid_amount) as paid_amount,
        count(*) - count(orders.paid_amount) as unrated,
        -- Known where it is known, too, what came back.
        sum(orders.net_sales_cohort) as net_sales_cohort,
        count(*) - count(orders.net_sales_cohort) as unrated_cohort
    from {{ ref('int_buyer_orders') }} as orders
    inner join {{ ref('int_last_days') }} as ends on orders.store_id = ends.store_id and orders.paid_date <= ends.last_day
    left join {{ ref('int_last_days') }} as own on orders.order_store_id = own.store_id
    left join {{ ref('int_buyer_sources') }} as won
        on orders.store_id = won.store_id
        and orders.platform = won.platform
        and orders.buyer_key = won.buyer_key
    left join {{ ref('int_left_out_buyers') }} as left_out
        on orders.store_id = left_out.store_id
        and orders.platform = left_out.platform
        and orders.buyer_key = left_out.buyer_key
    where orders.paid_date <= coalesce(own.last_day, orders.paid_date) and not coalesce(left_out.is_first, false)
    group by
        orders.store_id, orders.first_buyer_type, coalesce(won.acquisition_source, 'unknown'),
        {{ month_start('orders.first_paid_date') }},
        {{ months_between(month_start('orders.first_paid_date'), month_start('orders.paid_date')) }}

),

-- Where no order tells a source all of them together say everything.
origins as (

    select distinct store_id, 'ALL' as acquisition_source from parts
    union all
    select distinct parts.store_id, parts.acquisition_source
    from parts
    where parts.store_id in (select store_id from {{ ref('int_buyer_sources') }})

),

cells as (

    select
        parts.store_id,
        kinds.buyer_type,
        origins.acquisition_source,
        parts.cohort_month,
        parts.month_number,
        sum(parts.people) as active_buyers
        {%- for name in sums %},
        sum(parts.{{ name }}) as {{ name }}
        {%- endfor %}
    from parts
    inner join {{ kinds }} as kinds on kinds.buyer_type in ('ALL', parts.buyer_type)
    inner join origins on parts.store_id = origins.store_id and origins.acquisition_source in ('ALL', parts.acquisition_source)
    group by parts.store_id, kinds.buyer_type, origins.acquisition_source, parts.cohort_month, parts.month_number

),

-- Empty until costs of goods are known.
margins as (

    select
        days.store_id,
        kinds.buyer_type,
        origins.acquisition_source,
        {{ month_start('days.first_paid_date') }} as cohort_month,
        {{ months_between(month_start('days.first_paid_date'), month_start('days.paid_date')) }} as month_number
        {%- for name in margin_sums %},
        sum(days.{{ name }}) as {{ name }}
        {%- endfor %}
    from {{ ref('int_cohort_margins') }} as days
    inner join {{ ref('int_last_days') }} as ends on days.store_id = ends.store_id and days.paid_date <= ends.last_day
    inner join {{ kinds }} as kinds on kinds.buyer_type in ('ALL', days.buyer_type)
    inner join origins on days.store_id = origins.store_id and origins.acquisition_source in ('ALL', days.acquisition_source)
    group by
        days.store_id, kinds.buyer_type, origins.acquisition_source, {{ month_start('days.first_paid_date') }},
        {{ months_between(month_start('days.first_paid_date'), month_start('days.paid_date')) }}

),

cohorts as (

    select store_id, buyer_type, acquisition_source, cohort_month, active_buyers as cohort_size from cells where month_number = 0

),

followed as (

    select
        orders.store_id,
        {{ month_start('orders.paid_date') }} as cohort_month,
        min(coalesce(own.last_day, orders.paid_date)) as last_day
    from {{ ref('int_buyer_orders') }} as orders
    left join {{ ref('int_last_days') }} as own on orders.order_store_id = own.store_id
    where orders.order_number = 1 and orders.paid_date <= coalesce(own.last_day, orders.paid_date)
    group by orders.store_id, {{ month_start('orders.paid_date') }}

),

grid as (

    select
        cohorts.store_id,
        cohorts.buyer_type,
        cohorts.acquisition_source,
        cohorts.cohort_month,
        cohorts.cohort_size,
        numbers.month_number,
        {{ add_months('cohorts.cohort_month', 'numbers.month_number') }} as calendar_month,
        least(ends.last_day, followed.last_day) as last_day,
        ends.data_through_at
    from cohorts
    inner join {{ ref('int_last_days') }} as ends on cohorts.store_id = ends.store_id
    inner join followed on cohorts.store_id = followed.store_id and cohorts.cohort_month = followed.cohort_month
    cross join (
        {%- for number in range(37) %}
        select {{ number }} as month_number {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as numbers

),

filled as (

    select
        grid.*,
        grid.calendar_month <= grid.last_day as is_reached,
        {{ add_months('grid.calendar_month', 1) }} <= {{ add_days('grid.last_day', 1) }} as is_complete,
        coalesce(cells.active_buyers, 0) as active_buyers,
        coalesce(cells.orders, 0) as orders,
        coalesce(cells.paid_amount, 0) as paid_amount,
        coalesce(cells.net_sales_cohort, 0) as net_sales_cohort,
        coalesce(cells.unrated, 0) as unrated,
        coalesce(cells.unrated_cohort, 0) as unrated_cohort,
        sum(coalesce(cells.orders, 0)) over so_far as cumulative_orders,
        sum(coalesce(cells.net_sales_cohort, 0)) over so_far as cumulative_net_sales,
        sum(coalesce(cells.unrated_cohort, 0)) over so_far as cumulative_unrated_cohort,
        count(margins.month_number) over so_far as margin_months
        {%- for name in margin_sums %},
        sum(coalesce(margins.{{ name }}, 0)) over so_far as margin_{{ name }}
        {%- endfor %}
    from grid
    left join cells
        on grid.store_id = cells.store_id
        and grid.buyer_type = cells.buyer_type
        and grid.acquisition_source = cells.acquisition_source
        and grid.cohort_month = cells.cohort_month
        and grid.month_number = cells.month_number
    left join margins
        on grid.store_id = margins.store_id
        and grid.buyer_type = margins.buyer_type
        and grid.acquisition_source = margins.acquisition_source
        and grid.cohort_month = margins.cohort_month
        and grid.month_number = margins.month_number
    window so_far as (
        partition by grid.store_id, grid.buyer_type, grid.acquisition_source, grid.cohort_month
        order by grid.month_number
        rows between unbounded preceding and current row
    )

),

-- What it cost to win buyers is known of a store, not of a kind or a source of them.
valued as (

    select
        filled.*,
        coalesce(months.history_from < filled.cohort_month, false) as is_history_before,
        filled.is_reached and filled.margin_months > 0 and filled.margin_unrated = 0 as is_margin_known,
        {{ is_covered('filled.margin_net_sales', 'filled.margin_net_sales_with_cost', 'filled.margin_uncosted') }} as is_covered,
        case when filled.buyer_type = 'ALL' and filled.acquisition_source = 'ALL' and stores.is_ads_loaded then stores.marketing_cost end as marketing_cost
    from filled
    left join {{ ref('int_spans') }} as months
        on filled.store_id = months.store_id
        and filled.cohort_month = months.period_start
        and months.grain = 'month'
        and months.span_days = 0
    left join {{ ref('int_store_by_period') }} as stores
        on filled.store_id = stores.store_id
        and filled.cohort_month = stores.period_start
        and stores.grain = 'month'
        and stores.span_days = 0

)

select
    store_id,
    buyer_type,
    acquisition_source,
    cohort_month,
    cast(month_number as integer) as month_number,
    calendar_month,
    is_complete,
    is_history_before,
    data_through_at,
    '{{ var("reporting_currency") }}' as currency,
    cast(cohort_size as bigint) as cohort_size,
    cast(case when is_reached then active_buyers end as bigint) as active_buyers,
    {{ ratio('case when is_reached then active_buyers end', 'cohort_size') }} as retention,
    cast(case when is_reached then orders end as bigint) as orders,
    cast(case when is_reached then cumulative_orders end as bigint) as cumulative_orders,
    {{ mart_money('paid_amount', 'is_reached and unrated = 0') }} as paid_amount,
    {{ mart_money('net_sales_cohort', 'is_reached and unrated_cohort = 0') }} as net_sales_cohort,
    {{ sales }} as cumulative_net_sales,
    {{ ratio(sales, 'cohort_size') }} as ltv_net_sales,
    {{ untaxed }} as cumulative_net_sales_ex_tax,
    {{ with_cost }} as cumulative_net_sales_with_cost,
    {{ ratio(with_cost, untaxed) }} as cost_coverage,
    {{ margin }} as cumulative_margin,
    {{ ratio(margin, 'cohort_size') }} as ltv,
    {{ mart_money('marketing_cost', 'true') }} as marketing_cost,
    -- Where history begins nobody can tell who is new, and so what winning them cost.
    {{ ratio('case when is_history_before then ' ~ margin ~ ' end', 'marketing_cost') }} as ltv_to_cac
from valued
