-- What platforms told that they settled with each store, by the store's day in which the statement was made: what affiliates had of it,
-- and what the platform took. An order is settled weeks after it was paid. is_settled says whether the day's statements are read, and
-- is_affiliate_told whether they also tell what affiliates had; of ALL whether those of every store do. Amounts are those of stores whose
-- statements are read. One row per store (and ALL) and day with orders read.
{%- set amounts = ['affiliate_commission', 'fees_platform', 'fees_platform_store', 'unrated_settlements', 'unrated_settlements_store',
    'unrated_affiliates'] %}
with

-- Several accounts of one shop tell the same statements.
ranked as (

    select
        *,
        row_number() over (
            partition by platform, store_id, settlement_id, settled_at
            order by load_id desc, account_id
        ) as choice
    from (
        {{ union_staging('settlements') }}
    ) as told

),

settled as (

    select
        told.store_id,
        {{ store_date('told.settled_at', 'zones.time_zone') }} as date_day,
        told.currency,
        sum(told.affiliate_commission) as affiliate_commission,
        sum(told.fees_platform) as fees_platform
    from ranked as told
    left join {{ ref('int_store_zones') }} as zones
        on told.store_id = zones.store_id
        and told.settled_at >= zones.valid_from_at
        and told.settled_at < zones.valid_until_at
    where told.choice = 1
    group by told.store_id, {{ store_date('told.settled_at', 'zones.time_zone') }}, told.currency

),

rated as (

    select
        settled.*,
        rates.rate_to_reporting,
        case
            when settled.currency = stores.store_currency then cast(1 as decimal(18, 8))
            else cast(round(cast(rates.rate_to_reporting as double) / cast(store_rates.rate_to_reporting as double), 8) as decimal(18, 8))
        end as rate_to_store
    from settled
    left join {{ ref('int_stores') }} as stores on settled.store_id = stores.store_id
    left join {{ ref('int_fx_rates') }} as rates
        on settled.currency = rates.currency
        and settled.date_day = rates.date_day
    left join {{ ref('int_fx_rates') }} as store_rates
        on stores.store_currency = store_rates.currency
        and settled.date_day = store_rates.date_day

),

converted as (

    select
        store_id,
        date_day,
        {%- for name in ['affiliate_commission', 'fees_platform'] %}
        sum({{ converted(name, 'rate_to_reporting') }}) as {{ name }},
        {%- endfor %}
        sum({{ converted('fees_platform', 'rate_to_store') }}) as fees_platform_store,
        sum(case when rate_to_reporting is null then 1 else 0 end) as unrated_settlements,
        sum(case when rate_to_store is null then 1 else 0 end) as unrated_settlements_store,
        sum(case when rate_to_reporting is null and affiliate_commission is not null then 1 else 0 end) as unrated_affiliates
    from rated
    group by store_id, date_day

),

days as (

    select
        calendar.store_id,
        calendar.date_day,
        coalesce(settled.tells_affiliates, false) as tells_affiliates,
        case when settled.date_day is not null then 1 else 0 end as is_settled
    from {{ ref('int_store_calendar') }} as calendar
    left join {{ ref('int_settled_days') }} as settled
        on calendar.store_id = settled.store_id and calendar.date_day = settled.date_day
    where calendar.store_id <> 'ALL' and calendar.has_orders

),

store_days as (

    select
        days.store_id,
        days.date_day,
        days.is_settled,
        case when days.tells_affiliates then days.is_settled else 0 end as is_affiliate_told
        {%- for name in amounts %},
        case when days.is_settled = 1 then coalesce(converted.{{ name }}, 0) else 0 end as {{ name }}
        {%- endfor %}
    from days
    left join converted
        on days.store_id = converted.store_id
        and days.date_day = converted.date_day

)

select store_id, date_day, is_settled, is_affiliate_told, {{ amounts | join(', ') }}
from store_days

union all

select
    'ALL' as store_id,
    store_days.date_day,
    -- A store that should be there, and whose orders of the day are not read, has no row.
    {%- for name in ['is_settled', 'is_affiliate_told'] %}
    min(case when everywhere.is_orders_loaded then store_days.{{ name }} else 0 end) as {{ name }},
    {%- endfor %}
    {%- for name in amounts %}
    sum(store_days.{{ name }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from store_days
inner join {{ ref('int_store_calendar') }} as everywhere
    on everywhere.store_id = 'ALL' and store_days.date_day = everywhere.date_day
{{ joined_to_first_days('store_days') }}
where {{ counts_in_all('store_days.date_day') }}
group by store_days.date_day
