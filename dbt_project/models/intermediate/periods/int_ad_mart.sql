-- ad_account_*, ad_campaign_*, ad_group_*, ad_creative_* and ad_keyword_*: each entity's period with the earlier ones it is compared with. In an
-- earlier period of which the account's level was told, an entity that was not reported spent nothing; one that was read in part is compared
-- with nothing.
{{ config(materialized='view') }}
{%- set rates = {'roas_platform': 'double'} %}
{%- for age in var('ad_ages') %}{% do rates.update({'roas_' ~ age ~ 'd': 'double'}) %}{% endfor %}

select
    this.entity_level,
    this.platform,
    this.account_id,
    this.store_id,
    this.campaign_id,
    this.campaign_name,
    this.ad_group_id,
    this.ad_group_name,
    this.ad_id,
    this.ad_name,
    this.keyword_id,
    this.keyword_text,
    this.match_type,
    this.grain,
    this.period_start,
    spans.period_end,
    spans.days_in_period,
    cast(spans.days_elapsed as integer) as days_elapsed,
    spans.is_complete,
    spans.data_through_at,
    coalesce(own_days.is_ads_loaded, false) as is_ads_loaded,
    '{{ var("reporting_currency") }}' as currency,
    this.currency as account_currency,
    this.ad_time_zone,
    coalesce(this.ad_time_zone = stores.time_zone, false) as is_ad_zone_of_store,
    this.attribution_window,
    this.conversion_time_basis,
    this.is_deleted_entity,
    this.as_of_date,
    this.impressions,
    this.clicks,
    this.spend,
    this.spend_orig,
    this.conversions_platform,
    this.conversion_value_platform,
    this.conversion_value_platform_orig,
    this.spend_as_first_reported,
    this.conversions_as_first_reported,
    this.conversion_value_as_first_reported,
    this.days_since,
    this.conversions_expected_final,
    this.conversion_value_expected_final,
    {%- for age in var('ad_ages') %}
    this.spend_{{ age }}d,
    this.conversion_value_{{ age }}d,
    {%- endfor %}
    -- People of a week or a month are the platform's own count of it, never made from days.
    coalesce(reached.reach is not null, false) as is_reach_loaded,
    cast(reached.reach as bigint) as reach,
    this.reach_at_least,
    this.reach_days,
    this.is_budget_loaded,
    this.budget,
    this.budget_used,
    this.ctr,
    this.cpc,
    this.cpm,
    this.cvr,
    this.cpa,
    this.roas_platform,
    this.roas_expected_final,
    {%- for age in var('ad_ages') %}
    this.roas_{{ age }}d,
    {%- endfor %}
    {{ compared({'clicks': 'bigint', 'spend': 'decimal(18, 2)'}, nothing_where='is_ads_loaded', absent='coalesce($.is_deleted_entity, true)') }},
    {{ compared(rates) }}
from {{ ref('int_ad_by_period') }} as this
{{ joined_to_its_span() }}
left join {{ ref('int_ad_spans') }} as own_days
    on this.account_id = own_days.account_id
    and this.entity_level = own_days.entity_level
    and this.store_id = own_days.store_id
    and this.grain = own_days.grain
    and this.period_start = own_days.period_start
    and this.span_days = own_days.span_days
left join {{ ref('int_stores') }} as stores on this.store_id = stores.store_id
left join {{ ref('int_ad_reach') }} as reached
    on this.grain = reached.grain
    and this.period_start = reached.period_start
    and this.account_id = reached.account_id
    and this.entity_level = reached.entity_level
    and this.campaign_id is not distinct from reached.campaign_id
    and this.ad_group_id is not distinct from reached.ad_group_id
    and this.ad_id is not distinct from reached.ad_id
{{ joined_to_compared_spans('int_ad_spans', ['store_id', 'account_id', 'entity_level']) }}
{{ compared_spans(
    'int_ad_by_period', ['entity_level', 'account_id'], 'spans', nullable=['campaign_id', 'ad_group_id', 'ad_id', 'keyword_id'],
    only_spans='is_ads_loaded'
) }}
where this.span_days = 0
