-- Ad figures of all platforms, latest beside first reported, in the account's and the reporting currency. Platforms
-- report several levels side by side (account, campaign, group, ad): they repeat each other and are never added up.
-- One row per account, date, level and entity.
with

ads as (

    {{ union_staging('ads') }}

),

entities as (

    select
        platform,
        account_id,
        store_id,
        report_date,
        entity_level,
        case entity_level when 'account' then 1 when 'campaign' then 2 when 'ad_group' then 3 else 4 end as level_rank,
        campaign_id,
        ad_group_id,
        ad_id,
        max(case when is_latest then 1 else 0 end) = 0 as is_withdrawn,
        min(as_of_date) as first_as_of_date,
        max(as_of_date) as latest_as_of_date,
        max_by(campaign_name, as_of_date) as campaign_name,
        max_by(ad_group_name, as_of_date) as ad_group_name,
        max_by(ad_name, as_of_date) as ad_name,
        max(currency) as currency,
        max(ad_time_zone) as ad_time_zone,
        max_by(attribution_window, as_of_date) as attribution_window,
        max_by(conversion_time_basis, as_of_date) as conversion_time_basis,
        max(case when is_latest then impressions end) as impressions,
        max(case when is_latest then clicks end) as clicks,
        max(case when is_latest then spend end) as spend_orig,
        max(case when is_latest then conversions_platform end) as conversions_platform,
        max(case when is_latest then conversion_value_platform end) as conversion_value_platform_orig,
        min_by(spend, as_of_date) as spend_first_orig,
        min_by(conversions_platform, as_of_date) as conversions_platform_first,
        max(load_id) as load_id
    from ads
    group by
        platform, account_id, store_id, report_date, entity_level, campaign_id, ad_group_id, ad_id

)

select
    entities.*,
    rates.rate_to_reporting,
    {{ converted('entities.spend_orig', 'rates.rate_to_reporting') }} as spend,
    {{ converted('entities.conversion_value_platform_orig', 'rates.rate_to_reporting') }} as conversion_value_platform,
    {{ converted('entities.spend_first_orig', 'rates.rate_to_reporting') }} as spend_first
from entities
left join {{ ref('int_fx_rates') }} as rates
    on entities.currency = rates.currency
    and entities.report_date = rates.date_day
