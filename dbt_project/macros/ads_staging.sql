{#
  Body of a staging model of advertising: the rows of every level a platform reports, each from its own base model
  (keep='all'), in the columns of the staging contract.

  parts: one mapping per level: `level` (account, campaign, ad_group, ad, keyword), `base` (the base model), and the
      expressions of `r.record` for campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id, ad_name, keyword_id,
      keyword_text, match_type, impressions, clicks, spend, conversions_platform, conversion_value_platform, daily_budget
      and currency.
      What a part leaves out is null, except the currency, which is then the account's of accounts.yml. A part with `is_summed` makes one row per read of a date:
      it adds up to the account what the platform tells product by product, clicks only where each one that cost something tells them.
  attribution_window: how long the platform claims a purchase; conversion_time_basis: click_date or conversion_date.
#}
{% macro ads_of(platform, parts, attribution_window, conversion_time_basis) -%}
{%- set texts = [
    'campaign_id', 'campaign_name', 'ad_group_id', 'ad_group_name', 'ad_id', 'ad_name', 'keyword_id', 'keyword_text', 'match_type',
    'currency',
] -%}
{%- set counts = ['impressions', 'clicks'] -%}
{%- set amounts = ['spend', 'conversions_platform', 'conversion_value_platform', 'daily_budget'] -%}
with

reads as (
    {% for part in parts %}
    {%- set one = 'max(' if part.get('is_summed') else '(' %}
    {%- set all = 'sum(' if part.get('is_summed') else '(' %}
    select
        '{{ part.level }}' as entity_level,
        account_id,
        report_date,
        as_of_date,
        {{ one }}load_id) as load_id,
        {{ one }}record_key) as record_key,
        {%- for name in texts %}
        {{ one }}{{ part.get(name, null_as('text')) }}) as {{ name }},
        {%- endfor %}
        {%- for name in counts %}
        {%- set figure = part.get(name, null_as('bigint')) %}
        {%- if part.get('is_summed') %}
        cast(case when count(case when {{ figure }} is null and {{ part.spend }} <> 0 then 1 end) = 0 then sum({{ figure }}) end as bigint)
            as {{ name }},
        {%- else %}
        cast({{ figure }} as bigint) as {{ name }},
        {%- endif %}
        {%- endfor %}
        {%- for name in amounts %}
        cast({{ all }}{{ part.get(name, null_as('decimal(18, 4)')) }}) as decimal(18, 4)) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(part.base) }} as r
    {{ 'group by account_id, report_date, as_of_date' if part.get('is_summed') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Each level is a report of its own, and some nights only some of them can be read. So the latest read is found level by level.
levels as (
    select
        entity_level,
        account_id,
        report_date,
        max(as_of_date) as last_as_of_date
    from reads
    group by entity_level, account_id, report_date
)

select
    '{{ platform }}' as platform,
    reads.account_id,
    account.store_id,
    reads.report_date,
    reads.as_of_date,
    reads.as_of_date = levels.last_as_of_date as is_latest,
    reads.entity_level,
    reads.campaign_id,
    reads.campaign_name,
    reads.ad_group_id,
    reads.ad_group_name,
    reads.ad_id,
    reads.ad_name,
    reads.keyword_id,
    reads.keyword_text,
    reads.match_type,
    reads.impressions,
    reads.clicks,
    reads.spend,
    reads.conversions_platform,
    reads.conversion_value_platform,
    reads.daily_budget,
    coalesce(reads.currency, account.currency) as currency,
    account.time_zone as ad_time_zone,
    '{{ attribution_window }}' as attribution_window,
    '{{ conversion_time_basis }}' as conversion_time_basis,
    reads.load_id
from reads
inner join levels
    on reads.entity_level = levels.entity_level
    and reads.account_id = levels.account_id
    and reads.report_date = levels.report_date
left join {{ source('raw_daybook', 'accounts') }} as account
    on reads.account_id = account.account_id
{# A read that came back empty has one row without record_key. It only makes earlier reads no longer the latest. #}
where reads.record_key is not null
{%- endmacro %}


{#
  Body of a staging model of people reached: the last read of every day, week and month, in the columns of the staging
  contract. An entity with several rows in a period (kinds of advertising that reach the same people) has no row here: people cannot be
  added up.

  parts: one mapping per report: `level`, `grain`, `base` (the base model), `reach`, and the expressions of `r.record` for
      campaign_id, ad_group_id and ad_id; `of` narrows a report of several levels to this one.
#}
{% macro ad_reach_of(platform, parts) -%}
with

reads as (
    {% for part in parts %}
    select
        '{{ part.level }}' as entity_level,
        '{{ part.grain }}' as grain,
        account_id,
        report_date,
        load_id,
        as_of_date = max(as_of_date) over (partition by account_id, report_date) as is_latest,
        {%- for name in ['campaign_id', 'ad_group_id', 'ad_id'] %}
        {{ part.get(name, null_as('text')) }} as {{ name }},
        {%- endfor %}
        {{ part.reach }} as reach
    from {{ ref(part.base) }} as r
    {{ 'where ' ~ part.of if part.of }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    '{{ platform }}' as platform,
    reads.account_id,
    max(account.store_id) as store_id,
    reads.grain,
    reads.report_date as period_start,
    reads.entity_level,
    reads.campaign_id,
    reads.ad_group_id,
    reads.ad_id,
    max(reads.reach) as reach,
    max(reads.load_id) as load_id
from reads
left join {{ source('raw_daybook', 'accounts') }} as account
    on reads.account_id = account.account_id
where reads.is_latest
group by
    reads.account_id, reads.grain, reads.report_date, reads.entity_level, reads.campaign_id, reads.ad_group_id,
    reads.ad_id
having count(*) = 1 and max(reads.reach) is not null
{%- endmacro %}


{# Text of a whole number of thousandths (li) to an exact amount in major units. #}
{% macro thousandths(x) %}cast({{ number(x) }} * cast(0.001 as decimal(4,3)) as decimal(18,4)){% endmacro %}

{# Text of a whole number of millionths (micros) to an exact amount in major units. #}
{% macro millionths(x) %}cast(try_cast(nullif(trim({{ x }}), '') as decimal(24,2)) * cast(0.000001 as decimal(7,6)) as decimal(18,4)){% endmacro %}
