{#
  A purchase is "goods paid" (conversion type 90, `ocpcConversionsDetail90`). The column `conversion` is often 0 and is not read.
#}
{%- set figures = {
    'impressions': whole_number('r.record.impression'),
    'clicks': whole_number('r.record.click'),
    'spend': number('r.record.cost'),
    'conversions_platform': number('r.record.ocpcConversionsDetail90')
} -%}

{%- set campaign = {'campaign_id': 'r.record.campaignId', 'campaign_name': 'r.record.campaignNameStatus'} -%}
{%- set unit = dict(campaign, ad_group_id='r.record.adGroupId', ad_group_name='r.record.adGroupNameStatus') -%}

{#- An enumeration is asked for by its number and told in words; some have seen numbers told, too. -#}
{%- set match_types = {
    '精确匹配': 'exact', '短语匹配': 'phrase', '智能匹配': 'smart', '智能匹配核心词': 'smart_core', '分匹配出价': 'by_match',
    '48': 'exact', '17': 'phrase', '0': 'smart', '16': 'smart_core', '127': 'by_match'
} -%}

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
        ),
        dict(
            figures,
            level='keyword', base='base_baidu_marketing__keyword_report',
            keyword_id='r.record.wInfoId', keyword_text="replace(r.record.wInfoNameStatus, '[已删除]', '')",
            match_type='case when r.record.mixWmatchEnum is not null then ' ~ translate('r.record.mixWmatchEnum', match_types) ~ ' end',
            **unit
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='click_date'
) }}
