{#
  A purchase is an order paid after an ad; the vendor does not say within how many days. Money is in li (1/1000 yuan). The account report
  has a row for each scene (search, star shop, display): their sum is the account's total.
#}
{%- set figures = {
    'impressions': whole_number('r.record.impression'),
    'clicks': whole_number('r.record.click'),
    'spend': thousandths('r.record.spend'),
    'conversions_platform': number('r.record.orderNum'),
    'conversion_value_platform': thousandths('r.record.gmv')
} -%}

{{ ads_of(
    'pinduoduo_ads',
    [
        dict(figures, level='account', base='base_pinduoduo_ads__account_report', is_summed=true),
        dict(
            figures,
            level='campaign', base='base_pinduoduo_ads__campaign_report',
            campaign_id='r.record.entityId'
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='click_date'
) }}
