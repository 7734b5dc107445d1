-- Ad figures of all platforms, latest beside first reported, in the account's and the reporting currency; what they were at
-- set ages of the day, and what they may be expected to become. Platforms report several levels side by side (account, campaign,
-- group, ad, keyword): they repeat each other and are never added up. One row per account, date, level and entity.
{%- set ages = var('ad_ages') %}

with

entities as (

    select
        platform,
        account_id,
        store_id,
        report_date,
        entity_level,
        max(level_rank) as level_rank,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword_id,
        max(case when is_latest then 1 else 0 end) = 0 as is_withdrawn,
        min(as_of_date) as first_as_of_date,
        max(as_of_date) as latest_as_of_date,
        max(days_since) as days_since,
        max_by(campaign_name, as_of_date) as campaign_name,
        max_by(ad_group_name, as_of_date) as ad_group_name,
        max_by(ad_name, as_of_date) as ad_name,
        max_by(keyword_text, as_of_date) as keyword_text,
        max_by(match_type, as_of_date) as match_type,
        max(currency) as currency,
        max(ad_time_zone) as ad_time_zone,
        max_by(attribution_window, as_of_date) as attribution_window,
        max_by(conversion_time_basis, as_of_date) as conversion_time_basis,
        max(rate_to_reporting) as rate_to_reporting,
        max(case when is_latest then impressions end) as impressions,
        max(case when is_latest then clicks end) as clicks,
        {%- for name in ['spend_orig', 'spend', 'conversions_platform', 'conversion_value_platform_orig', 'conversion_value_platform'] %}
        max(case when is_latest then {{ name }} end) as {{ name }},
        {%- endfor %}
        -- A read tells the budget of its own moment: that of the day is what one of the day or the morning after told.
        {%- for name in ['daily_budget_orig', 'daily_budget'] %}
        max_by({{ name }}, as_of_date) filter (where {{ name }} is not null and days_since between 0 and 1) as {{ name }},
        {%- endfor %}
        {%- for name in ['spend_orig', 'spend', 'conversions_platform', 'conversion_value_platform'] %}
        min_by({{ name }}, as_of_date) as {{ name.replace('_orig', '') }}_first{{ '_orig' if name.endswith('_orig') }},
        {%- endfor %}
        {%- for age in ages %}
        max(case when reached_{{ age }}d then 1 else 0 end) = 1 as reached_{{ age }}d,
        max(case when stands_at_{{ age }}d then 1 else 0 end) = 1 as stood_at_{{ age }}d,
        {%- for name in ['spend', 'conversion_value_platform'] %}
        max({{ name }}) is not null as has_{{ name }}_{{ age }}d,
        max(case when stands_at_{{ age }}d then {{ name }} end) as {{ name }}_{{ age }}d
        {{- "," if not loop.last }}
        {%- endfor %}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_ad_snapshots') }}
    group by
        platform, account_id, store_id, report_date, entity_level, campaign_id, ad_group_id, ad_id, keyword_id

)

select
    entities.platform,
    entities.account_id,
    entities.store_id,
    entities.report_date,
    entities.entity_level,
    entities.level_rank,
    entities.campaign_id,
    entities.ad_group_id,
    entities.ad_id,
    entities.keyword_id,
    entities.is_withdrawn,
    entities.first_as_of_date,
    entities.latest_as_of_date,
    entities.days_since,
    entities.campaign_name,
    entities.ad_group_name,
    entities.ad_name,
    entities.keyword_text,
    entities.match_type,
    entities.currency,
    entities.ad_time_zone,
    entities.attribution_window,
    entities.conversion_time_basis,
    entities.rate_to_reporting,
    entities.impressions,
    entities.clicks,
    entities.spend_orig,
    entities.spend,
    entities.conversions_platform,
    entities.conversion_value_platform_orig,
    entities.conversion_value_platform,
    entities.spend_first_orig,
    entities.spend_first,
    entities.conversions_platform_first,
    entities.conversion_value_platform_first,
    entities.daily_budget_orig,
    entities.daily_budget,
    -- An entity that the read of that age does not name had 0 then, if the platform tells the figure of such entities at all.
    {%- for age in ages %}
    {%- for name in ['spend', 'conversion_value_platform'] %}
    case
        when entities.stood_at_{{ age }}d then entities.{{ name }}_{{ age }}d
        when entities.reached_{{ age }}d and entities.has_{{ name }}_{{ age }}d then 0
    end as {{ name }}_{{ age }}d,
    {%- endfor %}
    {%- endfor %}
    -- Money in whole cents for each entity and day, so that days and ads add up.
    {%- for name, share, places in [('conversions_platform', 'conversions_share', 4), ('conversion_value_platform', 'conversion_value_share', 2)] %}
    case
        when entities.days_since >= {{ ad_matures_after_days('entities.platform') }} then entities.{{ name }}
        when maturity.{{ share }} > 0
            then cast(round(cast(entities.{{ name }} as double) / maturity.{{ share }}, {{ places }}) as decimal(18, 4))
    end as {{ name }}_expected
    {{- "," if not loop.last }}
    {%- endfor %}
from entities
left join {{ ref('int_ad_maturity') }} as maturity
    on entities.account_id = maturity.account_id
    and entities.days_since = maturity.days_since
