{#
  A purchase is an order paid directly after the ad. It counts on the day of payment. 全域推广 (uni_promotion) has a report of its own with
  other names for the figures and claims organic orders, too. An account is the sum of both reports; each row has the names of one of
  them. The vendor's ad (计划) is the ad group of the marts and its creative, which has no name, the ad.
#}
{%- set figures = {
    'impressions': whole_number('r.record.show_cnt'),
    'clicks': whole_number('r.record.click_cnt'),
    'spend': number('r.record.stat_cost'),
    'conversions_platform': number('r.record.pay_order_count'),
    'conversion_value_platform': number('r.record.pay_order_amount')
} -%}
{%- set both = dict(
    figures,
    conversions_platform=
        'coalesce(' ~ figures.conversions_platform ~ ', ' ~ number('r.record.total_pay_order_count_for_roi2') ~ ')',
    conversion_value_platform=
        'coalesce(' ~ figures.conversion_value_platform ~ ', ' ~ number('r.record.total_pay_order_gmv_for_roi2') ~ ')'
) -%}

{%- set ad = {
    'campaign_id': 'r.record.campaign_id', 'campaign_name': 'r.record.campaign_name',
    'ad_group_id': 'r.record.ad_id', 'ad_group_name': 'r.record.ad_name'
} -%}

{{ ads_of(
    'qianchuan',
    [
        dict(both, level='account', base='base_qianchuan__account_report', is_summed=true),
        dict(figures, level='ad_group', base='base_qianchuan__ad_report', **ad),
        dict(figures, level='ad', base='base_qianchuan__creative_report', ad_id='r.record.creative_id', **ad)
    ],
    attribution_window='qianchuan_direct_pay',
    conversion_time_basis='conversion_date'
) }}
