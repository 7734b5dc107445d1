{#
  A purchase is "goods paid" (conversion type 90); the plain column conversion is often 0 and is not looked at.
#}
{%- set figures = {
    'impressions': whole_number('r.record.impression'),
    'clicks': whole_number('r.record.click'),
    'spend': number('r.record.cost'),
    'conversions_platform': number('r.record.ocpcConversionsDetail90')
} -%}

{{ ads_of(
    'baidu_marketing',
    [
        dict(figures, level='account', base='base_baidu_marketing__account_report'),
        dict(
            figures,
            level='campaign', base='base_baidu_marketing__campaign_report',
            campaign_id='r.record.campaignId', campaign_name='r.record.campaignNameStatus'
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='click_date'
) }}
