-- Ad figures once per level: each level's own rows where the platform reports it, else the rows of the next finer level
-- added up (an account's finance figure and its campaigns' sums may differ; each table shows its own level's truth).
-- Keywords stand by themselves and are added up to no other level: shopping, display and automatic campaigns have none.
-- One row per level, account, date and entity of that level.
{%- set counts = ['impressions', 'clicks'] %}
{%- set amounts = ['spend_orig', 'spend', 'conversions_platform', 'conversion_value_platform_orig', 'conversion_value_platform',
    'spend_first', 'conversions_platform_first', 'conversion_value_platform_first', 'conversions_platform_expected',
    'conversion_value_platform_expected'] %}
{%- for age in var('ad_ages') %}
{%- do amounts.extend(['spend_' ~ age ~ 'd', 'conversion_value_platform_' ~ age ~ 'd']) %}
{%- endfor %}

with

ads as (

    select * from {{ ref('int_ads') }}

)

{%- for level, rank in ad_levels().items() %},

at_{{ level }} as (

    select
        platform,
        account_id,
        store_id,
        report_date,
        level_rank,
        {{ 'campaign_id' if rank >= 2 else "cast(null as " ~ t('text') ~ ")" }} as campaign_id,
        {{ 'ad_group_id' if rank >= 3 else "cast(null as " ~ t('text') ~ ")" }} as ad_group_id,
        {{ 'ad_id' if rank >= 4 else "cast(null as " ~ t('text') ~ ")" }} as ad_id,
        {{ 'keyword_id' if rank >= 5 else "cast(null as " ~ t('text') ~ ")" }} as keyword_id,
        -- The name of one of several campaigns is not the account's.
        {{ 'max(campaign_name)' if rank >= 2 else "cast(null as " ~ t('text') ~ ")" }} as campaign_name,
        {{ 'max(ad_group_name)' if rank >= 3 else "cast(null as " ~ t('text') ~ ")" }} as ad_group_name,
        {{ 'max(ad_name)' if rank >= 4 else "cast(null as " ~ t('text') ~ ")" }} as ad_name,
        max(keyword_text) as keyword_text,
        max(match_type) as match_type,
        max(currency) as currency,
        max(ad_time_zone) as ad_time_zone,
        max(attribution_window) as attribution_window,
        max(conversion_time_basis) as conversion_time_basis,
        min(case when is_withdrawn then 1 else 0 end) = 1 as is_withdrawn,
        {{ oldest_that_stands('latest_as_of_date') }} as as_of_date,
        {{ oldest_that_stands('days_since') }} as days_since,
        max(case when rate_to_reporting is null then 1 else 0 end) as unrated,
        -- The budgets of campaigns together are not the account's.
        {%- for name in ['daily_budget_orig', 'daily_budget'] %}
        max(case when level_rank = {{ rank }} then {{ name }} end) as {{ name }},
        {%- endfor %}
        max(case when coalesce(impressions, clicks, conversions_platform) is not null then level_rank end) as told_rank,
        {%- for name in counts %}
        {{ whole_sum(name) }} as {{ name }},
        {%- endfor %}
        {%- for name in amounts %}
        sum({{ name }}) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from ads
    where level_rank {{ '= 5' if rank == 5 else 'between ' ~ rank ~ ' and 4' }}
    group by
        platform, account_id, store_id, report_date, level_rank
        {{- ', campaign_id' if rank >= 2 }}{{ ', ad_group_id' if rank >= 3 }}{{ ', ad_id' if rank >= 4 }}{{ ', keyword_id' if rank >= 5 }}

)
{%- endfor %}

{%- for level, rank in ad_levels().items() %}
-- Each figure is taken from the coarsest level that gives it: if the account's row has only the spend, clicks come from its campaigns. If
-- it tells what the ads brought and no clicks, a part of them was told without (GMV Max), and its campaigns have no more than the rest.
select
    '{{ level }}' as entity_level,
    platform,
    account_id,
    store_id,
    report_date,
    campaign_id,
    ad_group_id,
    ad_id,
    keyword_id,
    max(campaign_name) as campaign_name,
    max(ad_group_name) as ad_group_name,
    max(ad_name) as ad_name,
    max(keyword_text) as keyword_text,
    max(match_type) as match_type,
    max(currency) as currency,
    max(ad_time_zone) as ad_time_zone,
    max(attribution_window) as attribution_window,
    max(conversion_time_basis) as conversion_time_basis,
    min(case when is_withdrawn then 1 else 0 end) = 1 as is_withdrawn,
    {{ oldest_that_stands('as_of_date') }} as as_of_date,
    {{ oldest_that_stands('days_since') }} as days_since,
    max(unrated) as unrated,
    max(daily_budget_orig) as daily_budget_orig,
    max(daily_budget) as daily_budget,
    {%- for name in counts %}
    cast(max(case when level_rank = first_told then {{ name }} end) as bigint) as {{ name }},
    {%- endfor %}
    {%- for name in amounts %}
    cast(min_by({{ name }}, level_rank) filter (where {{ name }} is not null) as decimal(18, 4)) as {{ name }}
    {{- "," if not loop.last }}
    {%- endfor %}
from (
    select
        *,
        min(told_rank) over (
            partition by platform, account_id, store_id, report_date, campaign_id, ad_group_id, ad_id, keyword_id
        ) as first_told
    from at_{{ level }}
) as levels
group by platform, account_id, store_id, report_date, campaign_id, ad_group_id, ad_id, keyword_id
{{ "union all" if not loop.last }}
{%- endfor %}
