{#
  Translates the names of sources in dropped files to source_l1 of the marts, by mapping file. The name of the second level counts before
  that of the first. A name that is not here becomes 'unknown' and keeps its own name in source_l2.
#}
{%- set names = {
    'sycm_traffic_source': {
        'free_search': ['手淘搜索', '淘宝搜索', '天猫搜索', '手淘拍立得', '拍立得'],
        'free_recommend': ['手淘推荐', '手淘首页', '首页推荐', '猜你喜欢', '购中推荐', '购后推荐', '手淘其他店铺商品详情', '淘内免费其他',
            '每日好店', '手淘天天特卖', '天天特卖', '手淘聚划算', '聚划算', '百亿补贴', '淘金币', '手淘旺信'],
        'free_content': ['手淘淘宝直播', '淘宝直播', '逛逛', '短视频全屏页', '手淘微淘', '微淘', '订阅', '手淘有好货', '有好货', '手淘问大家',
            '内容渠道'],
        'paid_search_bidding': ['直通车', '关键词推广', '明星店铺', '品销宝-明星店铺'],
        'paid_display_feed': ['钻石展位', '智钻', '超级推荐', '引力魔方', '万相台', '万相台无界', '精准人群推广', '人群推广', '超级互动城',
            '超级直播', '极速推', '品销宝', '付费流量', '付费推广', '广告流量'],
        'affiliate': ['淘宝客'],
        'direct_returning': ['我的淘宝', '购物车', '直接访问', '宝贝收藏', '店铺收藏', '自主访问'],
        'off_platform': ['淘外网站', '淘外媒体', '淘外APP', '淘外流量', '站外投放'],
        'owned': ['短信', '短信营销', '客户运营平台', '会员营销'],
    },
} -%}

{% for source_format, kinds in names.items() %}
{%- set last_format = loop.last %}
{%- for source_l1, source_names in kinds.items() %}
{%- set last_kind = loop.last %}
{%- for source_name in source_names %}
select '{{ source_format }}' as source_format, '{{ source_name }}' as source_name, '{{ source_l1 }}' as source_l1
{{ 'union all' if not (last_format and last_kind and loop.last) }}
{%- endfor %}
{%- endfor %}
{%- endfor %}
