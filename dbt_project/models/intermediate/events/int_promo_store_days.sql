-- Every day of an event in every store beside its baseline: the mean of the last four clean days of the same weekday before the event
-- was announced. Clean days are whole, loaded, in no event and without a stock-out. A day that is not clean is skipped, and one further back takes its place,
-- half a year back at most. With fewer than four there is no baseline. A day of ALL is held against days on which the same stores were
-- read: what a store that joined in between sells is no lift. One row per event, store and day.
{%- set published = ['paid_amount', 'net_sales_cohort', 'orders_paid', 'merchant_discount', 'ad_spend'] %}
{%- set measures = published + ['units_winsorised', 'marketing_cost', 'gross_margin_cohort'] %}
{%- set goods = ['net_sales_cohort', 'net_sales_with_cost_cohort', 'cogs_cohort', 'unrated_cohort', 'uncosted_cohort'] %}

with

promo_days as (

    select * from {{ ref('int_promo_days') }}

),

margins as (

    select
        store_id,
        date_day,
        {{ mart_money(
            'sum(net_sales_with_cost_cohort) - sum(cogs_cohort)',
            'sum(unrated_cohort) = 0 and '
            ~ is_covered('sum(net_sales_cohort)', 'sum(net_sales_with_cost_cohort)', 'sum(uncosted_cohort)')
        ) }} as gross_margin_cohort
    from (
        select store_id, date_day, {{ goods | join(', ') }} from {{ ref('int_margin_days') }} where level = 'store'
        union all
        select 'ALL' as store_id, days.date_day, days.{{ goods | join(', days.') }}
        from {{ ref('int_margin_days') }} as days
        {{ joined_to_first_days('days') }}
        where days.level = 'store' and {{ counts_in_all('days.date_day') }}
    ) as scoped
    group by store_id, date_day

),

-- Which stores ALL is made of on a day, as a number.
composed as (

    select
        calendar.date_day,
        sum({{ row_print('named') }}) as stores_print
    from {{ ref('int_store_calendar') }} as calendar
    inner join (select distinct store_id from {{ ref('int_store_calendar') }}) as named on calendar.store_id = named.store_id
    where calendar.is_orders_loaded and calendar.store_id <> 'ALL'
    group by calendar.date_day

),

store_days as (

    select
        daily.store_id,
        daily.period_start as date_day,
        daily.is_complete,
        case when daily.store_id = 'ALL' then composed.stores_print else 0 end as stores_print,
        daily.data_through_at,
        daily.deposit_received,
        coalesce(deposits.deposits_paid, 0) as deposits_paid,
        coalesce(deposits.balances_paid, 0) as balances_paid,
        -- Null on a day whose ads were read only in part.
        {%- for name in published %}
        {{ of_loaded('daily', name, {'ad_spend': 'is_ads_loaded'}) }} as {{ name }},
        {%- endfor %}
        coalesce(units.units_winsorised, 0) as units_winsorised,
        case when daily.is_ads_loaded then costs.marketing_cost end as marketing_cost,
        margins.gross_margin_cohort
    from {{ ref('store_daily') }} as daily
    left join {{ ref('int_store_days') }} as deposits
        on daily.store_id = deposits.store_id
        and daily.period_start = deposits.date_day
    left join {{ ref('int_store_by_period') }} as costs
        on daily.store_id = costs.store_id
        and daily.period_start = costs.period_start
        and costs.grain = 'day'
        and costs.span_days = 0
    left join {{ ref('int_winsorised_units') }} as units
        on daily.store_id = units.store_id
        and daily.period_start = units.date_day
    left join margins
        on daily.store_id = margins.store_id
        and daily.period_start = margins.date_day
    left join composed on daily.period_start = composed.date_day
    where daily.is_orders_loaded

),

clean_days as (

    select store_days.*, dates.iso_weekday
    from store_days
    inner join {{ ref('int_dates') }} as dates on store_days.date_day = dates.date_day
    left join (select distinct date_day from promo_days where phase <> 'after') as promoted
        on store_days.date_day = promoted.date_day
    left join {{ ref('int_stock_out_days') }} as stock_outs
        on store_days.store_id = stock_outs.store_id
        and store_days.date_day = stock_outs.date_day
    where store_days.is_complete and promoted.date_day is null and stock_outs.date_day is null

),

candidates as (

    select
        events.event_id,
        clean_days.*,
        row_number() over (
            partition by events.event_id, clean_days.store_id, clean_days.iso_weekday, clean_days.stores_print
            order by clean_days.date_day desc
        ) as weeks_back
    from (select distinct event_id, announced_from from promo_days) as events
    inner join clean_days
        on clean_days.date_day < events.announced_from
        and clean_days.date_day >= {{ add_days('events.announced_from', -182) }}

),

baselines as (

    select
        event_id,
        store_id,
        iso_weekday,
        stores_print,
        min(date_day) as baseline_from,
        count(*) as baseline_days,
        {%- for name in measures %}
        case
            when count({{ name }}) = 4
                then cast(round(cast(sum({{ name }}) as decimal(20, 2)) * cast(0.25 as decimal(3, 2)), 2) as decimal(18, 2))
        end as {{ name }}_baseline
        {{- "," if not loop.last }}
        {%- endfor %}
    from candidates
    where weeks_back <= 4
    group by event_id, store_id, iso_weekday, stores_print

)

select
    promo_days.*,
    store_days.store_id,
    store_days.is_complete,
    store_days.data_through_at,
    store_days.deposit_received,
    store_days.deposits_paid,
    store_days.balances_paid,
    coalesce(baselines.baseline_days, 0) as baseline_days,
    baselines.baseline_from,
    {%- for name in measures %}
    store_days.{{ name }},
    baselines.{{ name }}_baseline
    {{- "," if not loop.last }}
    {%- endfor %}
from promo_days
inner join store_days on promo_days.date_day = store_days.date_day
left join baselines
    on promo_days.event_id = baselines.event_id
    and store_days.store_id = baselines.store_id
    and promo_days.iso_weekday = baselines.iso_weekday
    and store_days.stores_print = baselines.stores_print
