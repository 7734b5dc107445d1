-- What the ad platforms said of each day, read by read, in the account's and the reporting currency.
-- * `stands_at_…d` marks the read that tells the figure at that age of the day. It is the read of that very age or, where a night
--   failed, one up to two days younger (never at an age of one day: a younger read is of a running day). It is marked only once the
--   account's latest read shows the day to be so old; until then the read of that age is still to come.
-- * `reached_…d` says whether there is such a read.
-- One row per account, date, read, level and entity.
{%- set ages = var('ad_ages') %}

with

ads as (

    {{ union_staging('ads') }}

),

aged as (

    select
        ads.*,
        case ads.entity_level{% for level, rank in ad_levels().items() %} when '{{ level }}' then {{ rank }}{% endfor %} end as level_rank,
        cast({{ days_between('ads.report_date', 'ads.as_of_date') }} as integer) as days_since,
        max(ads.as_of_date) over (partition by ads.platform, ads.account_id) as account_as_of_date
    from ads

),

marked as (

    select
        aged.*,
        {%- for age in ages %}
        case
            when {{ days_between('report_date', 'account_as_of_date') }} >= {{ age }}
                then max(case when days_since between {{ age - 2 if age > 3 else age }} and {{ age }} then days_since end) over read_days
        end as age_{{ age }}d,
        {%- endfor %}
        as_of_date = min(as_of_date) over (
            partition by platform, account_id, store_id, report_date, entity_level, campaign_id, ad_group_id, ad_id, keyword_id
        ) as is_first
    from aged
    window read_days as (partition by platform, account_id, report_date, entity_level)

)

select
    marked.platform,
    marked.account_id,
    marked.store_id,
    marked.report_date,
    marked.as_of_date,
    marked.days_since,
    marked.is_first,
    marked.is_latest,
    marked.entity_level,
    marked.level_rank,
    marked.campaign_id,
    marked.campaign_name,
    marked.ad_group_id,
    marked.ad_group_name,
    marked.ad_id,
    marked.ad_name,
    marked.keyword_id,
    marked.keyword_text,
    marked.match_type,
    marked.currency,
    marked.ad_time_zone,
    marked.attribution_window,
    marked.conversion_time_basis,
    marked.impressions,
    marked.clicks,
    marked.spend as spend_orig,
    marked.conversions_platform,
    marked.conversion_value_platform as conversion_value_platform_orig,
    rates.rate_to_reporting,
    {{ converted('marked.spend', 'rates.rate_to_reporting') }} as spend,
    {{ converted('marked.conversion_value_platform', 'rates.rate_to_reporting') }} as conversion_value_platform,
    marked.daily_budget as daily_budget_orig,
    {{ converted('marked.daily_budget', 'rates.rate_to_reporting') }} as daily_budget,
    {%- for age in ages %}
    marked.age_{{ age }}d is not null as reached_{{ age }}d,
    coalesce(marked.days_since = marked.age_{{ age }}d, false) as stands_at_{{ age }}d
    {{- "," if not loop.last }}
    {%- endfor %}
from marked
left join {{ ref('int_fx_rates') }} as rates
    on marked.currency = rates.currency
    and marked.report_date = rates.date_day
