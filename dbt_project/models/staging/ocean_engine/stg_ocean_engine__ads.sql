{#
  A project is the marts' campaign, a promotion its ad; the level between does not exist at this vendor.
  convert_cnt and stat_pay_amount are dated by when the conversion was reported back, not by the click.
#}
with

reads as (
    select
        'ad' as entity_level,
        account_id,
        report_date,
        as_of_date,
        max(as_of_date) over (partition by account_id, report_date) as last_as_of_date,
        load_id,
        record_key,
        promotion.record.dimensions.cdp_project_id as campaign_id,
        promotion.record.dimensions.cdp_project_name as campaign_name,
        promotion.record.dimensions.cdp_promotion_id as ad_id,
        promotion.record.dimensions.cdp_promotion_name as ad_name,
        {{ whole_number('promotion.record.metrics.show_cnt') }} as impressions,
        {{ whole_number('promotion.record.metrics.click_cnt') }} as clicks,
        {{ number('promotion.record.metrics.stat_cost') }} as spend,
        {{ number('promotion.record.metrics.convert_cnt') }} as conversions_platform,
        {{ number('promotion.record.metrics.stat_pay_amount') }} as conversion_value_platform
    from {{ ref('base_ocean_engine__ad_report') }} as promotion

    union all

    select
        'account' as entity_level,
        account_id,
        report_date,
        as_of_date,
        max(as_of_date) over (partition by account_id, report_date) as last_as_of_date,
        load_id,
        record_key,
        {{ null_as('text') }} as campaign_id,
        {{ null_as('text') }} as campaign_name,
        {{ null_as('text') }} as ad_id,
        {{ null_as('text') }} as ad_name,
        {{ null_as('bigint') }} as impressions,
        {{ null_as('bigint') }} as clicks,
        {{ number('fund.record.cost') }} as spend,
        {{ null_as('decimal(18, 4)') }} as conversions_platform,
        {{ null_as('decimal(18, 4)') }} as conversion_value_platform
    from {{ ref('base_ocean_engine__account_report') }} as fund
)

select
    'ocean_engine' as platform,
    reads.account_id,
    account.store_id,
    reads.report_date,
    reads.as_of_date,
    reads.as_of_date = reads.last_as_of_date as is_latest,
    reads.entity_level,
    reads.campaign_id,
    reads.campaign_name,
    {{ null_as('text') }} as ad_group_id,
    {{ null_as('text') }} as ad_group_name,
    reads.ad_id,
    reads.ad_name,
    reads.impressions,
    reads.clicks,
    reads.spend,
    reads.conversions_platform,
    reads.conversion_value_platform,
    'CNY' as currency,
    'Asia/Shanghai' as ad_time_zone,
    'platform_default' as attribution_window,
    'conversion_date' as conversion_time_basis,
    reads.load_id
from reads
left join {{ source('raw_daybook', 'accounts') }} as account
    on reads.account_id = account.account_id
{# A read that came back empty has no row to show; it only makes the earlier reads not the latest. #}
where reads.record_key is not null
