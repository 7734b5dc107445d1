-- The one SELECT behind the ad tables of every level and grain. Everything is added up over the days an entity was
-- reported; ratios are made of the sums. What a day that cost something does not tell is not known of the whole.
-- One row per level, entity, grain, period_start and span.
{%- set spend = 'case when max(ads.unrated) = 0 then sum(ads.spend) end' %}
{%- set impressions = whole_sum('ads.impressions', 'ads.') %}
{%- set clicks = whole_sum('ads.clicks', 'ads.') %}
{%- set conversions = whole_sum('ads.conversions_platform', 'ads.') %}
{%- set conversion_value = whole_sum('ads.conversion_value_platform', 'ads.') %}
{%- set conversion_value_expected = whole_sum('ads.conversion_value_platform_expected', 'ads.') %}
select
    ads.entity_level,
    ads.platform,
    ads.account_id,
    ads.store_id,
    ads.campaign_id,
    ads.ad_group_id,
    ads.ad_id,
    ads.keyword_id,
    days.grain,
    days.period_start,
    days.span_days,
    max_by(ads.campaign_name, ads.report_date) as campaign_name,
    max_by(ads.ad_group_name, ads.report_date) as ad_group_name,
    max_by(ads.ad_name, ads.report_date) as ad_name,
    max_by(ads.keyword_text, ads.report_date) as keyword_text,
    max_by(ads.match_type, ads.report_date) as match_type,
    max(ads.currency) as currency,
    max(ads.ad_time_zone) as ad_time_zone,
    max_by(ads.attribution_window, ads.report_date) as attribution_window,
    max_by(ads.conversion_time_basis, ads.report_date) as conversion_time_basis,
    min(case when ads.is_withdrawn then 1 else 0 end) = 1 as is_deleted_entity,
    cast({{ impressions }} as bigint) as impressions,
    cast({{ clicks }} as bigint) as clicks,
    {{ mart_money('sum(ads.spend)', 'max(ads.unrated) = 0') }} as spend,
    cast(sum(ads.spend_orig) as decimal(18, 2)) as spend_orig,
    cast({{ conversions }} as decimal(18, 4)) as conversions_platform,
    {{ mart_money(conversion_value, 'max(ads.unrated) = 0') }} as conversion_value_platform,
    cast({{ whole_sum('ads.conversion_value_platform_orig', 'ads.') }} as decimal(18, 2)) as conversion_value_platform_orig,
    {{ mart_money('sum(ads.spend_first)', 'max(ads.unrated) = 0') }} as spend_as_first_reported,
    cast({{ whole_sum('ads.conversions_platform_first', 'ads.') }} as decimal(18, 4)) as conversions_as_first_reported,
    {{ mart_money(whole_sum('ads.conversion_value_platform_first', 'ads.'), 'max(ads.unrated) = 0') }} as conversion_value_as_first_reported,
    -- People of single days: at least as many as on the best day, at most all of them, where each day was told.
    cast(max(reached.reach) as bigint) as reach_at_least,
    cast(case when count(*) = count(reached.reach) then sum(reached.reach) end as bigint) as reach_days,
    -- A stock is that of the last day, told or not. (What max_by makes of a null differs by engine.)
    cast(nullif(
        max_by(coalesce(ads.daily_budget, -1), ads.report_date) filter (where not ads.is_withdrawn), -1
    ) as decimal(18, 2)) as budget,
    coalesce(
        max_by(case when ads.daily_budget_orig is not null then 1 else 0 end, ads.report_date)
            filter (where not ads.is_withdrawn),
        0
    ) = 1 as is_budget_loaded,
    {{ oldest_that_stands('as_of_date', 'ads.') }} as as_of_date,
    {{ oldest_that_stands('days_since', 'ads.') }} as days_since,
    -- A period is known at an age, or can be extrapolated, when each of its days is.
    cast(case when count(ads.conversions_platform) = count(ads.conversions_platform_expected)
        then {{ whole_sum('ads.conversions_platform_expected', 'ads.') }} end as decimal(18, 4)) as conversions_expected_final,
    {{ mart_money(
        conversion_value_expected,
        'max(ads.unrated) = 0 and count(ads.conversion_value_platform) = count(ads.conversion_value_platform_expected)'
    ) }} as conversion_value_expected_final,
    {%- for age in var('ad_ages') %}
    {%- for name, stem in [('spend', 'spend'), ('conversion_value', 'conversion_value_platform')] %}
    {{ mart_money(
        'sum(ads.' ~ stem ~ '_' ~ age ~ 'd)',
        'max(ads.unrated) = 0 and count(*) = count(ads.' ~ stem ~ '_' ~ age ~ 'd)'
    ) }} as {{ name }}_{{ age }}d,
    {%- endfor %}
    {{ ratio(
        'case when count(*) = count(ads.conversion_value_platform_' ~ age ~ 'd) and count(*) = count(ads.spend_' ~ age ~ 'd)
            then sum(ads.conversion_value_platform_' ~ age ~ 'd) end',
        'sum(ads.spend_' ~ age ~ 'd)'
    ) }} as roas_{{ age }}d,
    {%- endfor %}
    {{ ratio(
        'case when count(ads.conversion_value_platform) = count(ads.conversion_value_platform_expected)
            then ' ~ conversion_value_expected ~ ' end',
        spend
    ) }} as roas_expected_final,
    {{ ratio(
        'case when count(case when ads.spend_orig > 0 and ads.daily_budget_orig is null then 1 end) = 0 then sum(ads.spend_orig) end',
        'sum(case when not ads.is_withdrawn then ads.daily_budget_orig end)'
    ) }} as budget_used,
    {{ ratio(clicks, impressions) }} as ctr,
    {{ ratio(spend, clicks) }} as cpc,
    {{ ratio('1000 * ' ~ spend, impressions) }} as cpm,
    {{ ratio(conversions, clicks) }} as cvr,
    {{ ratio(spend, conversions) }} as cpa,
    {{ ratio(conversion_value, spend) }} as roas_platform
from {{ ref('int_ad_days') }} as ads
inner join {{ ref('int_span_days') }} as days
    on ads.store_id = days.store_id
    and ads.report_date = days.date_day
left join {{ ref('int_ad_reach') }} as reached
    on reached.grain = 'day'
    and ads.report_date = reached.period_start
    and ads.account_id = reached.account_id
    and ads.entity_level = reached.entity_level
    and ads.campaign_id is not distinct from reached.campaign_id
    and ads.ad_group_id is not distinct from reached.ad_group_id
    and ads.ad_id is not distinct from reached.ad_id
group by
    ads.entity_level, ads.platform, ads.account_id, ads.store_id, ads.campaign_id, ads.ad_group_id, ads.ad_id,
    ads.keyword_id, days.grain, days.period_start, days.span_days
