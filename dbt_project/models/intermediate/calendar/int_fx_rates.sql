-- What one unit of a currency was worth in the reporting currency on each day: the last rate published on or
-- before the day. A currency has no row before its first published rate: never 1, never a rate from the future.
with

published as (

    select
        currency,
        rate_date,
        units_per_usd,
        lead(rate_date) over (partition by currency order by rate_date) as next_rate_date
    from {{ ref('fx_rates') }}

),

dates as (

    select date_day from {{ ref('int_dates') }}

),

daily as (

    select
        published.currency,
        dates.date_day,
        published.rate_date,
        cast(published.units_per_usd as double) as units_per_usd
    from dates
    inner join published
        on dates.date_day >= published.rate_date
        and (dates.date_day < published.next_rate_date or published.next_rate_date is null)

    union all

    -- The dollar is the unit the others are quoted in.
    select
        'USD' as currency,
        date_day,
        date_day as rate_date,
        cast(1 as double) as units_per_usd
    from dates

)

select
    daily.currency,
    daily.date_day,
    daily.rate_date,
    case
        when daily.currency = '{{ var("reporting_currency") }}' then cast(1 as decimal(18, 8))
        else cast(round(reporting.units_per_usd / daily.units_per_usd, 8) as decimal(18, 8))
    end as rate_to_reporting
from daily
left join daily as reporting
    on daily.date_day = reporting.date_day
    and reporting.currency = '{{ var("reporting_currency") }}'
where reporting.units_per_usd is not null or daily.currency = '{{ var("reporting_currency") }}'
