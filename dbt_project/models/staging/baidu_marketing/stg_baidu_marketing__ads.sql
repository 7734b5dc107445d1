{#
  A purchase is "goods paid" (conversion type 90); the plain column conversion is often 0 and is not looked at.
#}
{%- set figures = {
    'impressions': whole_number('r.record.impression'),
    'clicks': whole_number('r.record.click'),
    'spend': number('r.record.cost'),
    'conversions_platform': number('r.record.ocpcConversionsDetail90')
} -%}

{%- set campaign = {'campaign_id': 'r.record.campaignId', 'campaign_name': 'r.record.campaignNameStatus'} -%}
{%- set unit = dict(campaign, ad_group_id='r.record.adGroupId', ad_group_name='r.record.adGroupNameStatus') -%}

{{ ads_of(
    'baidu_marketing',
    [
        dict(figures, level='account', base='base_baidu_marketing__account_report'),
        dict(figures, level='campaign', base='base_baidu_marketing__campaign_report', **campaign),
        dict(figures, level='ad_group', base='base_baidu_marketing__adgroup_report', **unit),
        dict(
            figures,
            level='ad', base='base_baidu_marketing__creative_report',
            ad_id='r.record.ideaInfo.ideaId', ad_name='r.record.ideaInfo.ideaTitle',
            **unit
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='click_date'
) }}
