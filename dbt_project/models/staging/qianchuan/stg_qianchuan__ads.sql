{#
  A purchase is an order paid directly after the ad, on the day of payment. The vendor's ad (计划) is the ad group, its
  creative, which has no name, the ad.
#}
{%- set figures = {
    'impressions': whole_number('r.record.show_cnt'),
    'clicks': whole_number('r.record.click_cnt'),
    'spend': number('r.record.stat_cost'),
    'conversions_platform': number('r.record.pay_order_count'),
    'conversion_value_platform': number('r.record.pay_order_amount')
} -%}

{%- set ad = {
    'campaign_id': 'r.record.campaign_id', 'campaign_name': 'r.record.campaign_name',
    'ad_group_id': 'r.record.ad_id', 'ad_group_name': 'r.record.ad_name'
} -%}

{{ ads_of(
    'qianchuan',
    [
        dict(figures, level='account', base='base_qianchuan__account_report'),
        dict(figures, level='ad_group', base='base_qianchuan__ad_report', **ad),
        dict(figures, level='ad', base='base_qianchuan__creative_report', ad_id='r.record.creative_id', **ad)
    ],
    attribution_window='qianchuan_direct_pay',
    conversion_time_basis='conversion_date'
) }}
