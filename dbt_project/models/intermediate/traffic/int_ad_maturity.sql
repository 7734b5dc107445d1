-- How attributed conversions grow: the share of the final figure that had been reported a number of days after the day, over
-- the account's latest days that have matured (marts, trap 32). Every day weighs what it brought: sums before ratios. An account with
-- too few such days takes the curve of its platform; without one there is no share. One row per account and age.
{%- set settings = var('ad_matures_after_days') %}

with

-- Of an account's levels the coarsest with conversions is used.
speaking as (

    select account_id, min(level_rank) as level_rank
    from {{ ref('int_ad_snapshots') }}
    where conversions_platform is not null
    group by account_id

),

reads as (

    select
        snapshots.platform,
        snapshots.account_id,
        snapshots.report_date,
        snapshots.days_since,
        {{ ad_matures_after_days('snapshots.platform') }} as matures_after_days,
        sum(snapshots.conversions_platform) as conversions,
        sum(snapshots.conversion_value_platform) as conversion_value
    from {{ ref('int_ad_snapshots') }} as snapshots
    inner join speaking
        on snapshots.account_id = speaking.account_id
        and snapshots.level_rank = speaking.level_rank
    group by snapshots.platform, snapshots.account_id, snapshots.report_date, snapshots.days_since

),

matured as (

    select
        platform,
        account_id,
        report_date,
        matures_after_days,
        max_by(conversions, days_since) as conversions_final,
        max_by(conversion_value, days_since) as conversion_value_final,
        row_number() over (partition by platform, account_id order by report_date desc) as day_from_last
    from reads
    group by platform, account_id, report_date, matures_after_days
    having max(days_since) >= matures_after_days

),

ages as (
    {%- for age in range(1, settings.values() | max + 1) %}
    select {{ age }} as days_since{{ " union all" if not loop.last }}
    {%- endfor %}

),

-- If the read of an age failed, the last read before it stands for that age. A day that was not read up to an age is in neither sum of it.
grown as (

    select
        matured.platform,
        matured.account_id,
        matured.report_date,
        ages.days_since,
        max(matured.conversions_final) as conversions_final,
        max(matured.conversion_value_final) as conversion_value_final,
        max_by(reads.conversions, reads.days_since) as conversions,
        max_by(reads.conversion_value, reads.days_since) as conversion_value
    from matured
    inner join ages on ages.days_since <= matured.matures_after_days
    inner join reads
        on matured.account_id = reads.account_id
        and matured.report_date = reads.report_date
        and reads.days_since between 1 and ages.days_since
    where matured.day_from_last <= {{ var('ad_curve_days') }}
    group by matured.platform, matured.account_id, matured.report_date, ages.days_since

),

curves as (

    select
        platform,
        coalesce(account_id, 'ALL') as account_id,
        days_since,
        count(*) as matured_days,
        {{ ratio('sum(conversions)', 'sum(conversions_final)') }} as conversions_share,
        {{ ratio('sum(conversion_value)', 'sum(conversion_value_final)') }} as conversion_value_share
    from (
        select * from grown
        union all
        select platform, null, report_date, days_since, conversions_final, conversion_value_final, conversions, conversion_value
        from grown
    ) as both_ways
    group by platform, coalesce(account_id, 'ALL'), days_since
    having count(*) >= {{ var('ad_curve_min_days') }}

),

accounts as (

    select distinct platform, account_id, matures_after_days
    from reads

)

select
    accounts.platform,
    accounts.account_id,
    ages.days_since,
    accounts.matures_after_days,
    case when own.account_id is not null then 'account' when shared.account_id is not null then 'platform' else 'none' end as curve_of,
    coalesce(own.matured_days, shared.matured_days, 0) as matured_days,
    case when own.account_id is not null then own.conversions_share else shared.conversions_share end as conversions_share,
    case when own.account_id is not null then own.conversion_value_share else shared.conversion_value_share end
        as conversion_value_share
from accounts
inner join ages on ages.days_since <= accounts.matures_after_days
left join curves as own
    on accounts.platform = own.platform
    and accounts.account_id = own.account_id
    and ages.days_since = own.days_since
left join curves as shared
    on accounts.platform = shared.platform
    and shared.account_id = 'ALL'
    and ages.days_since = shared.days_since
